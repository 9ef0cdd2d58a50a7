import type { Access } from '@/api/types'

export interface Day {
  key: string
  title: string
  lines: Access[]
}

/** The lines, newest first as they came, by the days of the facility's time zone. */
export function byDay(lines: readonly Access[], timeZone: string): Day[] {
  const key = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
  const title = new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'full' })
  const days: Day[] = []
  for (const line of lines) {
    const at = new Date(line.at)
    const day = key.format(at)
    const last = days.at(-1)
    if (last?.key === day) last.lines.push(line)
    else days.push({ key: day, title: title.format(at), lines: [line] })
  }
  return days
}

/** A moment in the facility's time zone. */
export const timeOf = (at: string, timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, timeStyle: 'short' }).format(new Date(at))

export const dayOf = (at: string, timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
