import type { DoseView, Mar, Order } from '@/api/medications'
import { wall } from '@/texts/zone'

/** A line of the record: the doses of one order at one time of day, by day. */
export interface MarLine {
  /** The clock on the wall; nothing for what is given as needed. */
  time: string | null
  /** By the day as `2026-11-22`. */
  doses: Map<string, DoseView[]>
}

export interface MarOrder {
  order: Order
  lines: MarLine[]
}

/** The days of a record, as the facility's calendar has them: the clock may be set within. */
export function daysOf({ from, until, zone }: Pick<Mar, 'from' | 'until' | 'zone'>): string[] {
  const first = wall(new Date(from), zone).date
  const end = wall(new Date(until), zone).date
  const days: string[] = []
  for (let day = first; day < end && days.length < 31; day = dayAfter(day, 1)) days.push(day)
  return days
}

/** So many days after a day, or before it. */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T12:00:00Z`)
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
}

/** Each order with a line for each time of day. */
export function ordersOf({ orders, zone }: Pick<Mar, 'orders' | 'zone'>): MarOrder[] {
  return orders.map((order) => {
    const lines = new Map<string | null, MarLine>()
    for (const dose of order.doses) {
      const moment = dose.due ?? dose.at
      if (!moment) continue
      const { date, time } = wall(new Date(moment), zone)
      const key = dose.due ? time : null
      const line = lines.get(key) ?? { time: key, doses: new Map() }
      lines.set(key, line)
      line.doses.set(date, [...(line.doses.get(date) ?? []), dose])
    }
    if (lines.size === 0) lines.set(null, { time: null, doses: new Map() })
    // What is given as needed comes last.
    const sorted = [...lines.values()].toSorted((a, b) => (a.time ?? '99').localeCompare(b.time ?? '99'))
    return { order, lines: sorted }
  })
}
