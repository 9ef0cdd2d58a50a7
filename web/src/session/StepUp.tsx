import { Button, Loader, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, type Ref, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { stepUp } from '@/api/auth'
import { Declined } from '@/api/errors'
import { http } from '@/api/http'
import { personQueries } from '@/api/queries'
import type { Factors } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { actionWords } from '@/texts/words'
import { Dialog } from '@/ui/Dialog'
import { ProofForm, type Way } from './ProofForm'
import { askPasskey } from './passkeys'

interface Wanted {
  action: string
  give(token: string): void
  decline(): void
}

function waysOf({ factors, recovery_codes_left }: Factors): Way[] {
  const has = (kind: string) => factors.some((factor) => factor.kind === kind)
  const ways: Way[] = []
  if (has('passkey')) ways.push('passkey')
  if (has('totp')) ways.push('totp')
  ways.push('password')
  if (has('sms')) ways.push('sms')
  if (recovery_codes_left > 0) ways.push('recovery')
  return ways
}

/** Whatever call wants proof, this asks for it: no page knows which calls do. */
export function StepUp({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState<Wanted[]>([])
  const open = useRef(wanted)
  open.current = wanted

  useEffect(() => {
    const disconnect = http.connect({
      stepUp: (action) =>
        new Promise<string>((give, reject) => {
          setWanted((all) => [...all, { action, give, decline: () => reject(new Declined('closed')) }])
        }),
    })
    return () => {
      disconnect()
      for (const it of open.current) it.decline()
    }
  }, [])

  const now = wanted[0]
  const next = () => setWanted((all) => all.slice(1))
  return (
    <>
      {children}
      {now && (
        <Dialog
          title={t('stepUp.title')}
          level={400}
          onClose={() => {
            now.decline()
            next()
          }}
        >
          <Proof
            action={now.action}
            onToken={(token) => {
              now.give(token)
              next()
            }}
          />
        </Dialog>
      )}
    </>
  )
}

function Proof({ action, onToken }: { action: string; onToken(token: string): void }) {
  const { t } = useTranslation()
  const session = useQuery(personQueries.session())
  const factors = useQuery(personQueries.factors())
  const people = useQuery({ ...personQueries.demo(), retry: false })
  const ready = !factors.isPending && !people.isPending
  const form = useRef<HTMLDivElement>(null)
  // The dialog looked for its first field while the ways were still on their way.
  useEffect(() => {
    if (ready) form.current?.querySelector<HTMLElement>('[data-autofocus]')?.focus({ preventScroll: true })
  }, [ready])
  if (!ready) return <Loader size="sm" />
  if (people.data?.some((it) => it.email === session.data?.person.email))
    return <Shown ref={form} action={action} onToken={onToken} />
  const ways: Way[] = factors.data ? waysOf(factors.data) : ['password']
  return (
    <Stack ref={form}>
      <Text>{t('stepUp.lead', { action: actionWords(action) })}</Text>
      <ProofForm
        ways={ways}
        email={session.data?.person.email}
        withSecret={(way, secret) =>
          stepUp.withSecret(action, way, secret).then((answer) => onToken(answer.step_up))
        }
        withPasskey={async () => {
          const { ceremony, credential } = await askPasskey(await stepUp.startPasskey(action))
          onToken((await stepUp.finishPasskey(ceremony, credential)).step_up)
        }}
        sendSms={stepUp.sendSms}
      />
    </Stack>
  )
}

interface ShownProps {
  ref: Ref<HTMLDivElement>
  action: string
  onToken(token: string): void
}

/** One of a demonstration's people has nothing to show. */
function Shown({ ref, action, onToken }: ShownProps) {
  const { t } = useTranslation()
  const confirm = useMutation({
    mutationFn: () => stepUp.asDemo(action).then((answer) => onToken(answer.step_up)),
  })
  return (
    <Stack ref={ref}>
      <Text>{t('stepUp.lead', { action: actionWords(action) })}</Text>
      <Text c="dimmed">{t('demo.proof')}</Text>
      <ProblemNotice error={confirm.error} />
      <Button loading={confirm.isPending} onClick={() => confirm.mutate()} data-autofocus>
        {t('demo.confirm')}
      </Button>
    </Stack>
  )
}
