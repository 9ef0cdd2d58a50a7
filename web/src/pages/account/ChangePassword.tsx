import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { password as api } from '@/api/auth'
import { personQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { when } from '@/texts/when'
import { NewPasswordInput, passwordFits } from '@/ui/NewPasswordInput'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'

export function ChangePassword({ email }: { email: string }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(personQueries.factors())
  const [open, setOpen] = useState(false)
  const [password, setPassword] = useState('')
  const change = useMutation({
    mutationFn: () => api.change(password),
    onSuccess: () => {
      close()
      return cache.invalidateQueries(personQueries.factors())
    },
  })
  function close() {
    setOpen(false)
    setPassword('')
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    change.mutate()
  }
  return (
    <Section
      title={t('account.passwordTitle')}
      lead={
        data.password_changed_at
          ? t('account.passwordChanged', { when: when(data.password_changed_at) })
          : undefined
      }
    >
      {change.isSuccess && !open && <Notice kind="good">{t('account.passwordDone')}</Notice>}
      {open ? (
        <form onSubmit={submit}>
          <Stack>
            <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
            <NewPasswordInput value={password} onChange={setPassword} />
            <ProblemNotice error={change.error} />
            <Group gap="xs">
              <Button type="submit" size="sm" loading={change.isPending} disabled={!passwordFits(password)}>
                {t('account.save')}
              </Button>
              <Button size="sm" variant="default" onClick={close}>
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
            {t('account.passwordChange')}
          </Button>
        </div>
      )}
    </Section>
  )
}
