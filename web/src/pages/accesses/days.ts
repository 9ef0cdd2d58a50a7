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

/** What one did in one minute and in one way: opening a chart asks for many kinds of records. */
export interface Deed {
  line: Access
  /** The kinds of records, each once. */
  records: string[]
}

/** The lines of a day, those together that differ in the kind of record alone. What was not done stands by itself. */
export function deedsOf(lines: readonly Access[]): Deed[] {
  const deeds = new Map<string, Deed>()
  for (const line of lines) {
    const { event: _, at, record, ...rest } = line
    const key = line.outcome === 'done' ? JSON.stringify([at.slice(0, 16), rest]) : line.event
    const deed = deeds.get(key) ?? { line, records: [] }
    deeds.set(key, deed)
    if (record && !deed.records.includes(record)) deed.records.push(record)
  }
  return [...deeds.values()]
}

/** A moment in the facility's time zone. */
export const timeOf = (at: string, timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, timeStyle: 'short' }).format(new Date(at))

export const dayOf = (at: string, timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
