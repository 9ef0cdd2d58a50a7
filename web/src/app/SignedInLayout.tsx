import { useQuery } from '@tanstack/react-query'
import { Outlet, useParams, useRouter } from '@tanstack/react-router'
import { personQueries } from '@/api/queries'
import type { Session } from '@/api/types'
import { useTold } from '@/session/channel'
import { IdleWarning } from '@/session/IdleWarning'
import { StepUp } from '@/session/StepUp'
import { useIdle } from '@/session/useIdle'
import { useLeave } from '@/session/useLeave'

/** Around every page that needs a session: its end, and proofs asked for on the way. */
export function SignedInLayout() {
  const { data: session } = useQuery(personQueries.session())
  return (
    <StepUp>
      {session && <Keeper key={session.signed_in_at} session={session} />}
      <Outlet />
    </StepUp>
  )
}

function Keeper({ session }: { session: Session }) {
  const leave = useLeave()
  const router = useRouter()
  const params = useParams({ strict: false })
  const { warning, stay } = useIdle(session, {
    onIdle: () => leave.lock('idle'),
    onSignedOut: () => leave.toDoor(true),
  })
  useTold((message) => {
    if (message.kind === 'locked') leave.cover(message.reason)
    if (message.kind === 'signed-out') leave.toDoor(false)
    if (message.kind === 'context-closed' && params.context === message.context)
      router.navigate({ to: '/', search: { all: true } })
  })
  return warning && <IdleWarning warning={warning} onStay={stay} onLock={() => leave.lock('asked')} />
}
