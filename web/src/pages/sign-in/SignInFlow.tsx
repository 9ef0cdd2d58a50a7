import { Anchor, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { signIn } from '@/api/auth'
import { personQueries } from '@/api/queries'
import type { LoginAnswer, Next } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { ProofForm } from '@/session/ProofForm'
import { askPasskey } from '@/session/passkeys'
import { KeyIcon } from '@/ui/icons'
import { usePasskeyAutofill } from './usePasskeyAutofill'

type Wanted = Extract<LoginAnswer, { next: 'factor' }>

interface Props {
  email?: string
  /** A sign-in that began elsewhere, with one proof given already. */
  begun?: Wanted
  /** Where an external provider sends the person back to. */
  returnTo: string
  onDone(next: Next['next']): Promise<unknown> | unknown
  /** The second step has begun, or ended. */
  onStep?(step: 'password' | 'factor'): void
}

/** From a password or a passkey to a session. Knows nothing of pages: the lock screen uses it too. */
export function SignInFlow({ email = '', begun, returnTo, onDone, onStep }: Props) {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState<Wanted | null>(begun ?? null)

  function step(next: Wanted | null) {
    setWanted(next)
    onStep?.(next ? 'factor' : 'password')
  }
  const answered = (answer: LoginAnswer) => (answer.next === 'factor' ? step(answer) : onDone(answer.next))

  if (!wanted) return <FirstStep email={email} returnTo={returnTo} onAnswer={answered} />
  const { login, factors } = wanted
  const order = (['totp', 'passkey', 'sms', 'recovery'] as const).filter((it) => factors.includes(it))
  return (
    <Stack gap="lg">
      <ProofForm
        ways={[...order]}
        instead={{ 'sign-in-failed': t('signIn.codeFailed') }}
        withSecret={async (way, code) => {
          if (way !== 'password') await answered(await signIn.withCode(login, way, code))
        }}
        withPasskey={async () => {
          const { ceremony, credential } = await askPasskey(await signIn.startPasskey(login))
          await answered(await signIn.finishPasskey(ceremony, credential))
        }}
        sendSms={() => signIn.sendSms(login)}
      />
      <Anchor component="button" type="button" size="sm" onClick={() => step(null)}>
        {t('signIn.startOver')}
      </Anchor>
    </Stack>
  )
}

interface FirstProps {
  email: string
  returnTo: string
  onAnswer(answer: LoginAnswer): Promise<unknown> | unknown
}

function FirstStep({ email: known, returnTo, onAnswer }: FirstProps) {
  const { t } = useTranslation()
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const providers = useQuery({ ...personQueries.providers(), retry: false })
  const withPassword = useMutation({
    mutationFn: async () => onAnswer(await signIn.withPassword(email.trim(), password)),
    onError: () => setPassword(''),
  })
  const finishPasskey = useMutation({
    mutationFn: async ({ ceremony, credential }: Awaited<ReturnType<typeof askPasskey>>) =>
      onAnswer(await signIn.finishPasskey(ceremony, credential)),
  })
  const withPasskey = useMutation({
    mutationFn: async () => finishPasskey.mutateAsync(await askPasskey(await signIn.startPasskey())),
  })
  const listenAgain = usePasskeyAutofill(finishPasskey.mutateAsync)

  function submit(event: FormEvent) {
    event.preventDefault()
    withPasskey.reset()
    finishPasskey.reset()
    withPassword.mutate()
  }
  return (
    <Stack gap="md">
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label={t('common.email')}
            type="email"
            name="username"
            autoComplete="username webauthn"
            autoCapitalize="off"
            spellCheck={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            required
            withAsterisk={false}
            data-autofocus
          />
          <PasswordInput
            label={t('common.password')}
            name="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            required
            withAsterisk={false}
          />
          <ProblemNotice error={withPassword.error ?? withPasskey.error ?? finishPasskey.error} />
          <Button type="submit" loading={withPassword.isPending}>
            {t('signIn.submit')}
          </Button>
        </Stack>
      </form>
      <Divider label={t('signIn.or')} />
      <Button
        variant="default"
        leftSection={<KeyIcon />}
        loading={withPasskey.isPending}
        onClick={() => {
          withPassword.reset()
          finishPasskey.reset()
          // The button's question ends the one that waits in the field.
          withPasskey.mutate(undefined, { onError: listenAgain })
        }}
      >
        {t('signIn.passkey')}
      </Button>
      {providers.data?.map((provider) => (
        <Button
          key={provider.id}
          variant="default"
          component="a"
          href={signIn.providerPath(provider.id, returnTo)}
        >
          {t('signIn.provider', { name: provider.name })}
        </Button>
      ))}
      <Anchor href="/forgot" size="sm">
        {t('signIn.forgot')}
      </Anchor>
    </Stack>
  )
}
