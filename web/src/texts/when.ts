const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const time = new Intl.DateTimeFormat('en', { timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const daysFrom = (then: Date, now: Date) => {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
  return Math.round((midnight(then) - midnight(now)) / 86_400_000)
}

/** A moment as people say it: "today at 2:05 PM", "yesterday at 9:10 AM", "Nov 3, 2026". */
export function when(moment: string, now = new Date()): string {
  const then = new Date(moment)
  const days = daysFrom(then, now)
  if (days === 0 || days === -1) return `${relative.format(days, 'day')} at ${time.format(then)}`
  return day.format(then)
}

/** The same with the time of day always: "Nov 3, 2026 at 9:10 AM". */
export function whenExactly(moment: string, now = new Date()): string {
  const then = new Date(moment)
  const days = daysFrom(then, now)
  return `${Math.abs(days) <= 1 ? relative.format(days, 'day') : day.format(then)} at ${time.format(then)}`
}
