import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemNotice } from '@/app/ProblemNotice'
import { CodeInput } from '@/ui/CodeInput'
import { CodesIcon, KeyIcon, LockIcon, MessageIcon, PhoneIcon } from '@/ui/icons'

export type Way = 'password' | 'totp' | 'sms' | 'passkey' | 'recovery'

const icons: Record<Way, () => ReactNode> = {
  password: () => <LockIcon />,
  totp: () => <PhoneIcon />,
  sms: () => <MessageIcon />,
  passkey: () => <KeyIcon />,
  recovery: () => <CodesIcon />,
}

interface Props {
  /** What the person has, the one to begin with first. */
  ways: Way[]
  /** For the password manager, where a password is among the ways. */
  email?: string
  instead?: Record<string, string>
  withSecret(way: Exclude<Way, 'passkey'>, secret: string): Promise<unknown>
  withPasskey(): Promise<unknown>
  sendSms(): Promise<unknown>
}

/** Proves that it is the person: by whichever of the ways offered they choose. */
export function ProofForm({ ways, email, instead, withSecret, withPasskey, sendSms }: Props) {
  const { t } = useTranslation()
  const [way, setWay] = useState<Way>(ways[0] ?? 'password')
  const [attempt, setAttempt] = useState(0)
  const proof = useMutation({
    mutationFn: (secret: string) => (way === 'passkey' ? withPasskey() : withSecret(way, secret)),
    onError: () => setAttempt((n) => n + 1),
  })
  const sms = useMutation({ mutationFn: sendSms })
  const others = ways.filter((it) => it !== way)
  const code = (
    <CodeInput key={attempt} label={t('signIn.code')} disabled={proof.isPending} onComplete={proof.mutate} />
  )
  return (
    <Stack gap="lg">
      {way === 'totp' && (
        <Stack gap="sm">
          <Text>{t('signIn.totpLead')}</Text>
          {code}
        </Stack>
      )}
      {way === 'sms' && (
        <Stack gap="sm">
          <Text>{sms.isSuccess ? t('signIn.smsSent') : t('signIn.smsLead')}</Text>
          {sms.isSuccess && code}
          <Button
            variant={sms.isSuccess ? 'subtle' : 'filled'}
            loading={sms.isPending}
            onClick={() => sms.mutate()}
          >
            {sms.isSuccess ? t('signIn.smsAgain') : t('signIn.smsSend')}
          </Button>
        </Stack>
      )}
      {way === 'passkey' && (
        <Stack gap="sm">
          <Text>{t('signIn.passkeyLead')}</Text>
          <Button loading={proof.isPending} onClick={() => proof.mutate('')} data-autofocus>
            {t('signIn.passkeyUse')}
          </Button>
        </Stack>
      )}
      {way === 'password' && (
        <SecretForm kind="password" email={email} busy={proof.isPending} send={proof.mutate} />
      )}
      {way === 'recovery' && <SecretForm kind="recovery" busy={proof.isPending} send={proof.mutate} />}
      <ProblemNotice error={sms.error ?? proof.error} instead={instead} />
      {others.length > 0 && (
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {t('signIn.otherWays')}
          </Text>
          <Group gap="xs">
            {others.map((other) => (
              <Button
                key={other}
                size="sm"
                variant="default"
                leftSection={icons[other]()}
                onClick={() => {
                  proof.reset()
                  setWay(other)
                }}
              >
                {t(`signIn.way_${other}`)}
              </Button>
            ))}
          </Group>
        </Stack>
      )}
    </Stack>
  )
}

interface SecretProps {
  kind: 'password' | 'recovery'
  email?: string
  busy: boolean
  send(secret: string): void
}

function SecretForm({ kind, email, busy, send }: SecretProps) {
  const { t } = useTranslation()
  const [secret, setSecret] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(kind === 'recovery' ? secret.trim() : secret)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {kind === 'recovery' ? (
          <>
            <Text>{t('signIn.recoveryLead')}</Text>
            <TextInput
              label={t('signIn.recoveryCode')}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              required
              withAsterisk={false}
              data-autofocus
            />
          </>
        ) : (
          <>
            <input type="hidden" name="username" autoComplete="username" value={email ?? ''} readOnly />
            <PasswordInput
              label={t('common.password')}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="current-password"
              required
              withAsterisk={false}
              data-autofocus
            />
          </>
        )}
        <Button type="submit" loading={busy}>
          {t('signIn.confirm')}
        </Button>
      </Stack>
    </form>
  )
}
