import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { session as api } from '@/api/auth'
import { hasCode } from '@/api/errors'
import { http } from '@/api/http'
import { personQueries } from '@/api/queries'
import type { Session } from '@/api/types'
import { tell, useTold } from './channel'

const WARN_BEFORE = 60_000
const POLL = 60_000
const POLL_WHILE_WARNING = 10_000
const TOUCH_AT_MOST = 60_000
const ACTIVITY = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const

export interface IdleWarning {
  /** The server's clock, milliseconds. */
  endsAt: number
  /** The sign-in itself ends: being here does not help. */
  final: boolean
}

interface Ends {
  onIdle(): void
  /** Ended by something else: signed out from another device, say. */
  onSignedOut(): void
}

const endOf = (session: Session): IdleWarning => {
  const idle = Date.parse(session.idle_ends_at)
  const end = Date.parse(session.ends_at)
  return { endsAt: Math.min(idle, end), final: end <= idle }
}

/** Watches the session's end. Asking about it never extends it; only a person's doing does. */
export function useIdle(session: Session, { onIdle, onSignedOut }: Ends) {
  const cache = useQueryClient()
  const [warning, setWarning] = useState<IdleWarning | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const end = useRef(endOf(session))
  const touchedAt = useRef(Date.now())
  const active = useRef(false)
  const dismissed = useRef(0)

  const wait = (ms: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(look, Math.max(250, ms))
  }

  const schedule = () => {
    const left = end.current.endsAt - http.now()
    const warn = left <= WARN_BEFORE
    setWarning(warn && dismissed.current !== end.current.endsAt ? end.current : null)
    wait(warn ? Math.min(left, POLL_WHILE_WARNING) : Math.min(left - WARN_BEFORE, POLL))
  }

  const look = useEffectEvent(async () => {
    const expected = end.current.endsAt - http.now() <= 1_000
    try {
      if (active.current && !expected && Date.now() - touchedAt.current >= TOUCH_AT_MOST) await touch()
      const fresh = await cache.fetchQuery({ ...personQueries.session(), staleTime: 0, retry: false })
      end.current = endOf(fresh)
      if (end.current.endsAt <= http.now()) onIdle()
      else schedule()
    } catch (error) {
      if (hasCode(error, 'signed-out')) return expected ? onIdle() : onSignedOut()
      // Unreachable: what is on the screen must not outlast the session for that.
      if (end.current.endsAt <= http.now()) return onIdle()
      schedule()
    }
  })

  const touch = async () => {
    active.current = false
    touchedAt.current = Date.now()
    await api.touch()
    tell({ kind: 'extended' })
  }

  const noticed = useEffectEvent(() => {
    // While the warning stands only its button counts: it is answered, not brushed away.
    if (warning) return
    active.current = true
    if (Date.now() - touchedAt.current >= TOUCH_AT_MOST) touch().catch(() => undefined)
  })

  const begin = useEffectEvent(schedule)
  const lookNow = useEffectEvent(() => {
    if (document.visibilityState === 'visible') look()
  })

  useTold((message) => {
    if (message.kind === 'extended') look()
  })

  useEffect(() => {
    begin()
    for (const kind of ACTIVITY) window.addEventListener(kind, noticed, { passive: true, capture: true })
    // A tab in the background or a sleeping machine runs no timers.
    document.addEventListener('visibilitychange', lookNow)
    return () => {
      clearTimeout(timer.current)
      for (const kind of ACTIVITY) window.removeEventListener(kind, noticed, { capture: true })
      document.removeEventListener('visibilitychange', lookNow)
    }
  }, [])

  return {
    warning,
    stay: async () => {
      if (end.current.final) {
        dismissed.current = end.current.endsAt
        return setWarning(null)
      }
      await touch().catch(() => undefined)
      await look()
    },
  }
}
