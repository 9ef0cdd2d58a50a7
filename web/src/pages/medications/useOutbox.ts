import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { http } from '@/api/http'
import type { Dose, Outcome } from '@/api/medications'
import { useMe } from '@/pages/context/useContextId'
import type { Due } from './doses'
import type { Kept } from './Outbox'
import { outboxOf } from './outboxes'

/** The doses that are under way. */
export function useOutbox() {
  const { context, me } = useMe()
  const cache = useQueryClient()
  const outbox = useMemo(() => outboxOf(cache, context, me), [cache, context, me])
  const state = useSyncExternalStore(outbox.subscribe, outbox.get)
  return { outbox, state }
}

const TICK = 20_000

/** The server's clock, as often as what is due may change by it. */
export function useNow(): number {
  const [now, setNow] = useState(() => http.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(http.now()), TICK)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** What is recorded of a dose, made now. */
export function keptOf(
  { resident, order, dose }: Due,
  outcome: Outcome,
  more: Partial<Dose> = {},
): Omit<Kept, 'at' | 'state' | 'told'> {
  return {
    dose: {
      request: crypto.randomUUID(),
      patient: resident.patient,
      order: order.order,
      ...(dose?.due && { due: dose.due }),
      at: new Date(http.now()).toISOString(),
      outcome,
      ...more,
    },
    name: resident.name,
    what: order.medication,
    zone: resident.zone,
  }
}
