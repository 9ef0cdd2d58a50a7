import { Outlet, useRouter } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { gate, useGate } from '@/session/gate'
import { LockScreen } from '@/session/LockScreen'
import { useLeave } from '@/session/useLeave'
import { ConnectionBanner } from '@/ui/ConnectionBanner'
import { setReached, useConnection } from './connection'
import { HaltedPage } from './ErrorPages'
import { NewVersion } from './NewVersion'

export function RootLayout() {
  const { t } = useTranslation()
  const gateNow = useGate()
  const connection = useConnection()
  const router = useRouter()
  const { toDoor } = useLeave()

  const isDoor = () => !router.state.matches.some((match) => match.routeId.startsWith('/signed-in'))
  const signedOut = useEffectEvent(() => {
    if (gate.get().kind === 'open' && !isDoor()) toDoor(true)
  })
  const secondFactorRequired = useEffectEvent(() => {
    if (!isDoor() && router.state.location.pathname !== '/enroll') router.navigate({ to: '/enroll' })
  })
  useEffect(
    () =>
      http.connect({
        signedOut: () => signedOut(),
        secondFactorRequired: () => secondFactorRequired(),
        contextMismatch: () => gate.set({ kind: 'halted' }),
        reached: setReached,
      }),
    [],
  )

  if (gateNow.kind === 'halted') return <HaltedPage />
  return (
    <>
      {connection !== 'online' && <ConnectionBanner text={t(`common.${connection}`)} />}
      {gateNow.kind === 'locked' ? <LockScreen {...gateNow} /> : <Outlet />}
      <NewVersion />
    </>
  )
}
