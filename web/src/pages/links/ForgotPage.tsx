import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { password } from '@/api/auth'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'

export function ForgotPage() {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => password.askReset(email.trim()) })
  useTitle(t('links.forgotTitle'))
  function submit(event: FormEvent) {
    event.preventDefault()
    ask.mutate()
  }
  return (
    <Doorway
      title={t('links.forgotTitle')}
      lead={!ask.isSuccess && t('links.forgotLead')}
      foot={<Anchor renderRoot={(props) => <Link to="/sign-in" {...props} />}>{t('links.toSignIn')}</Anchor>}
    >
      {ask.isSuccess ? (
        <Stack>
          <Notice kind="good">{t('links.forgotSent', { email: email.trim() })}</Notice>
          <Text c="dimmed">{t('links.forgotNothing')}</Text>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={t('common.email')}
              type="email"
              name="email"
              autoComplete="username"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              required
              withAsterisk={false}
            />
            <ProblemNotice error={ask.error} />
            <Button type="submit" loading={ask.isPending}>
              {t('links.forgotSubmit')}
            </Button>
          </Stack>
        </form>
      )}
    </Doorway>
  )
}
