import type { Dose, DoseState, DoseView, Order, Outcome, Pass, PassResident, Told } from '@/api/medications'

/** What may still be done with a dose, by how it stands. */
export const OPEN: readonly DoseState[] = ['early', 'due', 'late', 'missed', 'on-hold']
const WAITS: readonly DoseState[] = ['later', 'early', 'due', 'late', 'missed']
const HOUR = 3_600_000
/** How long after it was given somebody looks whether it helped. */
const EFFECT = HOUR

/** How a dose stands by now: a page that was left open, or has no network, has not asked again. */
export function stateAt({ state, due, missed }: DoseView, now: number): DoseState {
  if (!due || !WAITS.includes(state)) return state
  if (missed && now >= Date.parse(missed)) return 'missed'
  const since = now - Date.parse(due)
  if (since < -HOUR) return 'later'
  return since < 0 ? 'early' : since <= HOUR ? 'due' : 'late'
}

/** A dose that is due, of somebody's order. */
export interface Due {
  resident: PassResident
  order: Order
  /** Nothing for what is given as needed. */
  dose: DoseView | null
}

/** A pass with what was recorded since it was looked up. */
export function withTold(pass: Pass, dose: Dose, told: Told): Pass {
  const { outcome, administration, by, at } = told
  if (!outcome || !administration) return pass
  const given = outcome === 'given'
  const made: DoseView = {
    due: dose.due ?? null,
    state: outcome,
    missed: null,
    administration,
    by: by ?? null,
    at: at ?? dose.at,
    reason: told.result === 'conflict' ? null : (dose.reason ?? null),
    effect: null,
    elsewhere: false,
    effect_due: given && !dose.due ? new Date(Date.parse(at ?? dose.at) + EFFECT).toISOString() : null,
  }
  const doses = (all: DoseView[]) =>
    dose.due
      ? all.map((it) => (it.due === dose.due ? { ...it, ...made, due: it.due } : it))
      : all.some((it) => it.administration === administration)
        ? all
        : [...all, made]
  return {
    ...pass,
    residents: pass.residents.map((resident) =>
      resident.patient !== dose.patient
        ? resident
        : {
            ...resident,
            orders: resident.orders.map((order) =>
              order.order !== dose.order ? order : { ...order, doses: doses(order.doses) },
            ),
          },
    ),
  }
}

/** When what is given as needed was given last, by what the pass knows. */
export const lastOf = (order: Order): DoseView | undefined =>
  order.doses
    .filter((it) => it.state === 'given' && it.at)
    .toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))[0]

/** What may be given at once is so from the moment of the server's answer, which this clock knows by the second. */
const SLACK = 2_000

/** Whether what is given as needed may not be given yet. */
export const isSoon = ({ as_needed }: Order, now: number): boolean =>
  as_needed != null && Date.parse(as_needed.next) > now + SLACK

/** Whether somebody has to say why it is given all the same. */
export function against(due: Due, now: number): 'too-soon' | 'held' | 'missed' | 'later' | null {
  const { order, dose } = due
  if (order.status === 'on-hold') return 'held'
  if (!dose) return isSoon(order, now) ? 'too-soon' : null
  const state = stateAt(dose, now)
  return state === 'missed' || state === 'later' ? state : null
}

/** Thousandths of what a sheet counts, of what somebody typed; nothing when it is no amount. */
export function thousandths(typed: string): number | null {
  const text = typed.trim().replace(',', '.')
  if (!/^-?\d{1,6}(\.\d{1,3})?$/.test(text)) return null
  return Math.round(Number(text) * 1000)
}

/** The same as people write it. */
export const amountOf = (thousandths: number): string =>
  (thousandths / 1000).toLocaleString('en', { maximumFractionDigits: 3 })

/** With its sign: what came is more, what went is less. */
export const signed = (thousandths: number): string =>
  thousandths > 0 ? `+${amountOf(thousandths)}` : amountOf(thousandths).replace('-', '−')

/** Whether it is not given for one of these reasons; each is one touch. */
export const REASONS = {
  refused: ['declined', 'spat', 'asleep'],
  held: ['pressure', 'pulse', 'sugar', 'prescriber', 'fasting'],
  unavailable: ['notDelivered', 'noneLeft'],
  away: ['hospital', 'family', 'appointment'],
} as const satisfies Record<Exclude<Outcome, 'given'>, readonly string[]>

/** How a waiting dose would stand if its order were not on hold. */
const momentAt = (dose: DoseView, now: number): DoseState =>
  dose.state === 'on-hold' ? stateAt({ ...dose, state: 'due' }, now) : stateAt(dose, now)

/** A dose of an order, as a line of the pass. */
export interface Line {
  order: Order
  dose: DoseView
  state: DoseState
}

/** What a resident is to get, sorted by what is to be done about it. */
export function linesOf(resident: PassResident, now: number) {
  const open: Line[] = []
  const later: Line[] = []
  const done: Line[] = []
  for (const order of resident.orders)
    for (const dose of order.doses) {
      const line = { order, dose, state: stateAt(dose, now) }
      const moment = momentAt(dose, now)
      if (dose.administration) done.push(line)
      else if (moment === 'later') later.push(line)
      else if (line.state !== 'on-hold' || moment !== 'missed') open.push(line)
    }
  const at = ({ dose }: Line) => dose.due ?? dose.at ?? ''
  const byTime = (a: Line, b: Line) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0)
  return {
    open: open.toSorted(byTime),
    later: later.toSorted(byTime),
    done: done.toSorted((a, b) => ((a.dose.at ?? '') < (b.dose.at ?? '') ? 1 : -1)),
    needed: resident.orders.filter((it) => it.as_needed && it.status === 'active'),
    unclear: resident.orders.filter((it) => it.unclear && !it.as_needed && it.status !== 'ended'),
    effects: done.filter(
      ({ dose }) => !dose.elsewhere && dose.effect_due && !dose.effect && Date.parse(dose.effect_due) <= now,
    ),
  }
}

/** How much there is to do for a resident now. */
export function pressing(resident: PassResident, now: number) {
  const { open, effects } = linesOf(resident, now)
  const count = (...states: DoseState[]) => open.filter((it) => states.includes(it.state)).length
  return {
    open: open.length,
    late: count('late', 'missed'),
    due: count('due', 'early'),
    effects: effects.length,
  }
}

/** What may be given with one touch for all: nothing about it has to be said or witnessed. */
export const isPlain = ({ order, state }: Line): boolean =>
  ['early', 'due', 'late'].includes(state) &&
  order.status === 'active' &&
  order.sheets.length < 2 &&
  order.sheets.every((it) => !it.witness_to_give)

/** "No known allergies" was asked and answered: it is an entry like others, and no allergy. */
const NONE_KNOWN = /^(no known|no (drug |food )?allerg|nka\b|nkda\b)/i

export function allergiesOf({ allergies }: PassResident) {
  const some = allergies.filter((it) => !NONE_KNOWN.test(it.trim()))
  return { some, noneKnown: some.length === 0 ? allergies[0] : undefined }
}

/** As one walks through the house: room 9 comes before room 10. */
export const byRoom = (a: PassResident, b: PassResident): number =>
  Number(!a.room) - Number(!b.room) ||
  (a.room ?? '').localeCompare(b.room ?? '', 'en', { numeric: true }) ||
  a.name.localeCompare(b.name)
