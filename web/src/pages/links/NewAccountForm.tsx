import { Button, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PasswordRules } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { NewPasswordInput, passwordFits } from '@/ui/NewPasswordInput'

interface Props {
  email: string
  rules: PasswordRules
  busy: boolean
  error: unknown
  onSubmit(account: { name: string; password: string }): void
}

export function NewAccountForm({ email, rules, busy, error, onSubmit }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  function submit(event: FormEvent) {
    event.preventDefault()
    onSubmit({ name: name.trim(), password })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label={t('common.email')} value={email} name="username" autoComplete="username" readOnly />
        <TextInput
          label={t('links.invitationName')}
          description={t('links.invitationNameHint')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="name"
          required
          withAsterisk={false}
        />
        <NewPasswordInput
          label={t('common.password')}
          value={password}
          onChange={setPassword}
          rules={rules}
        />
        <ProblemNotice error={error} />
        <Button type="submit" loading={busy} disabled={!name.trim() || !passwordFits(password, rules)}>
          {t('links.invitationCreate')}
        </Button>
      </Stack>
    </form>
  )
}
