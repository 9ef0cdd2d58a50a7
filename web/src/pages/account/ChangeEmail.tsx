import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { email as api } from '@/api/auth'
import { ProblemNotice } from '@/app/ProblemNotice'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'

export function ChangeEmail({ email }: { email: string }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const [fresh, setFresh] = useState('')
  const change = useMutation({ mutationFn: () => api.change(fresh.trim()), onSuccess: () => setOpen(false) })
  function submit(event: FormEvent) {
    event.preventDefault()
    change.mutate()
  }
  return (
    <Section title={t('account.emailTitle')} lead={t('account.emailText', { email })}>
      {change.isSuccess && <Notice kind="good">{t('account.emailSent', { email: fresh.trim() })}</Notice>}
      {open ? (
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={t('account.emailNew')}
              type="email"
              autoComplete="email"
              value={fresh}
              onChange={(event) => setFresh(event.currentTarget.value)}
              required
              withAsterisk={false}
            />
            <ProblemNotice error={change.error} />
            <Group gap="xs">
              <Button type="submit" size="sm" loading={change.isPending}>
                {t('account.emailSubmit')}
              </Button>
              <Button size="sm" variant="default" onClick={() => setOpen(false)}>
                {t('common.cancel')}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <div>
          <Button
            size="sm"
            variant="light"
            onClick={() => {
              change.reset()
              setOpen(true)
            }}
          >
            {t('account.emailChange')}
          </Button>
        </div>
      )}
    </Section>
  )
}
