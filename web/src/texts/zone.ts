/** Times as the clocks of a facility show them, whatever the device says. */

const formats = new Map<string, Intl.DateTimeFormat>()
function format(zone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${name}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...options })
  formats.set(key, made)
  return made
}

const isDay = (date: string) => !date.includes('T')

/** A day of FHIR's `date`, which has no zone: it may be a year or a month alone. */
function calendarDay(date: string): string {
  const [year, month, day] = date.split('-').map(Number)
  const at = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1))
  if (!month) return String(year)
  if (!day) return format('UTC', 'month', { month: 'short', year: 'numeric' }).format(at)
  return format('UTC', 'day', { dateStyle: 'medium' }).format(at)
}

/** The wall clock of a zone at a moment, as the fields of a form hold it. */
export function wall(moment: Date, zone: string): { date: string; time: string } {
  const parts = format(zone, 'wall', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(moment)
  const part = (type: string) => parts.find((it) => it.type === type)?.value ?? ''
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
  }
}

/** Minutes that a zone is ahead of UTC at a moment. */
function offset(moment: number, zone: string): number {
  const { date, time } = wall(new Date(moment), zone)
  return Math.round((Date.parse(`${date}T${time}:00Z`) - Math.floor(moment / 60_000) * 60_000) / 60_000)
}

const two = (n: number) => String(n).padStart(2, '0')

/** The moment that a wall clock of a zone shows, with the zone's offset; `undefined` when it is none. */
export function moment(date: string, time: string, zone: string): string | undefined {
  const asUtc = Date.parse(`${date}T${time}:00Z`)
  if (!Number.isFinite(asUtc)) return undefined
  const guess = asUtc - offset(asUtc, zone) * 60_000
  const ahead = offset(guess, zone)
  const sign = ahead < 0 ? '-' : '+'
  const size = Math.abs(ahead)
  return `${date}T${time}:00${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

export const today = (zone: string, now = new Date()) => wall(now, zone).date

/** The day: "Nov 3, 2026". */
export const onDay = (date: string, zone: string): string =>
  isDay(date) ? calendarDay(date) : format(zone, 'day', { dateStyle: 'medium' }).format(new Date(date))

/** The time of day, or nothing for a day: "9:10 AM". */
export const atTime = (date: string, zone: string): string =>
  isDay(date) ? '' : format(zone, 'time', { timeStyle: 'short' }).format(new Date(date))

/** Day and time: "Nov 3, 2026, 9:10 AM". */
export const atMoment = (date: string, zone: string): string =>
  isDay(date) ? calendarDay(date) : `${onDay(date, zone)}, ${atTime(date, zone)}`

/** The calendar day in the zone, to group by. */
export const dayOf = (date: string, zone: string): string =>
  isDay(date) ? date : wall(new Date(date), zone).date

/** The zone's short name now, such as EST: shown where the device has another. */
export function zoneName(zone: string, now = new Date()): string {
  const parts = format(zone, 'name', { timeZoneName: 'short' }).formatToParts(now)
  return parts.find((it) => it.type === 'timeZoneName')?.value ?? zone
}

/** Whole years from a birth date; of a year alone it may be one too many. `undefined` when there is none. */
export function ageOn(birthDate: string | undefined, day: string): number | undefined {
  if (!birthDate || birthDate > day) return undefined
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return day.slice(5) < birthDate.slice(5).padEnd(2, '0') ? years - 1 : years
}
