import type { Coding, Observation, Quantity } from '@/api/fhirTypes'
import { Decimal } from '@/api/json'
import { hasCodeOf } from './words'

/** The usual vital signs: LOINC codes of FHIR's profile <https://hl7.org/fhir/R4/observation-vitalsigns.html>, UCUM units. */

export interface Unit {
  code: string
  unit: string
  /** In the first unit, in which limits are and charts are drawn. */
  toFirst(value: number): number
}

const same = (value: number) => value

export const FIELDS = [
  'systolic',
  'diastolic',
  'pulse',
  'temperature',
  'respiration',
  'saturation',
  'weight',
  'pain',
] as const
export type Field = (typeof FIELDS)[number]

export interface Limits {
  units: Unit[]
  decimals: number
  /** Outside of these a value is not one: refused. */
  hard: [number, number]
  /** Outside of these it is worth a second look: told. */
  usual: [number, number]
}

const one = (code: string, unit: string): Unit[] => [{ code, unit, toFirst: same }]

export const LIMITS: Record<Field, Limits> = {
  systolic: { units: one('mm[Hg]', 'mmHg'), decimals: 0, hard: [40, 300], usual: [90, 160] },
  diastolic: { units: one('mm[Hg]', 'mmHg'), decimals: 0, hard: [20, 200], usual: [50, 100] },
  pulse: { units: one('/min', '/min'), decimals: 0, hard: [20, 250], usual: [50, 110] },
  temperature: {
    units: [
      { code: 'Cel', unit: '°C', toFirst: same },
      { code: '[degF]', unit: '°F', toFirst: (value) => ((value - 32) * 5) / 9 },
    ],
    decimals: 1,
    hard: [25, 45],
    usual: [35.5, 38],
  },
  respiration: { units: one('/min', '/min'), decimals: 0, hard: [3, 80], usual: [10, 24] },
  saturation: { units: one('%', '%'), decimals: 0, hard: [30, 100], usual: [92, 100] },
  weight: {
    units: [
      { code: 'kg', unit: 'kg', toFirst: same },
      { code: '[lb_av]', unit: 'lb', toFirst: (value) => value * 0.45359237 },
    ],
    decimals: 1,
    hard: [10, 400],
    usual: [35, 160],
  },
  pain: { units: one('{score}', '/10'), decimals: 0, hard: [0, 10], usual: [0, 6] },
}

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const loinc = (code: string, display: string): Coding => ({ system: LOINC, code, display })

/** What is shown in one column: blood pressure is one measurement of two numbers. */
export const KINDS = [
  'pressure',
  'pulse',
  'temperature',
  'respiration',
  'saturation',
  'weight',
  'pain',
] as const
export type Kind = (typeof KINDS)[number]

const CODES: Record<Kind, { coding: Coding[]; text: string }> = {
  pressure: {
    coding: [loinc('85354-9', 'Blood pressure panel with all children optional')],
    text: 'Blood pressure',
  },
  pulse: { coding: [loinc('8867-4', 'Heart rate')], text: 'Pulse' },
  temperature: { coding: [loinc('8310-5', 'Body temperature')], text: 'Temperature' },
  respiration: { coding: [loinc('9279-1', 'Respiratory rate')], text: 'Respirations' },
  saturation: {
    coding: [
      loinc('59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry'),
      loinc('2708-6', 'Oxygen saturation in Arterial blood'),
    ],
    text: 'SpO2',
  },
  weight: { coding: [loinc('29463-7', 'Body weight')], text: 'Weight' },
  pain: { coding: [loinc('72514-3', 'Pain severity - 0-10 verbal numeric rating')], text: 'Pain' },
}
const SYSTOLIC = loinc('8480-6', 'Systolic blood pressure')
const DIASTOLIC = loinc('8462-4', 'Diastolic blood pressure')

/** What was typed, and in which units. */
export interface Typed {
  values: Record<Field, string>
  units: Record<Field, string>
  /** The facility's wall clock. Empty: the moment of saving. */
  date: string
  time: string
  note: string
}

/** A number as people type it, with a comma or a point; `undefined` when it is none. */
export function decimal(text: string): Decimal | undefined {
  const point = text.trim().replace(',', '.')
  return /^(0|[1-9]\d{0,3})(\.\d{1,3})?$/.test(point) ? new Decimal(point) : undefined
}

export const unitFor = (field: Field, code: string): Unit => {
  const { units } = LIMITS[field]
  return units.find((it) => it.code === code) ?? (units[0] as Unit)
}

export type Fault = 'number' | 'decimals' | 'impossible' | 'both' | 'above'

/** What is wrong with a field, or worth a look; nothing when it is empty or as usual. */
export function judge(
  field: Field,
  { values, units }: Pick<Typed, 'values' | 'units'>,
): { fault?: Fault; unusual?: true; low?: string; high?: string } {
  const text = values[field].trim()
  if (field === 'systolic' || field === 'diastolic') {
    const other = values[field === 'systolic' ? 'diastolic' : 'systolic'].trim()
    if (text === '') return other === '' ? {} : { fault: 'both' }
  }
  if (text === '') return {}
  const typed = decimal(text)
  const { hard, usual, decimals } = LIMITS[field]
  if (!typed) return { fault: 'number' }
  if ((typed.text.split('.')[1] ?? '').length > decimals) return { fault: 'decimals' }
  const unit = unitFor(field, units[field])
  const value = unit.toFirst(Number(typed.text))
  if (value < hard[0] || value > hard[1]) {
    const back = (limit: number) => {
      // From the first unit to the one typed in: both are straight lines.
      const [zero, ten] = [unit.toFirst(0), unit.toFirst(10)]
      return String(Math.round(((limit - zero) * 10) / (ten - zero)))
    }
    return { fault: 'impossible', low: back(hard[0]), high: back(hard[1]) }
  }
  if (field === 'diastolic') {
    const systolic = decimal(values.systolic)
    if (systolic && Number(systolic.text) <= value) return { fault: 'above' }
  }
  return value < usual[0] || value > usual[1] ? { unusual: true } : {}
}

interface Circumstances {
  patient: string
  encounter?: string
  at: string
  now: string
  performer: string
}

/** The measurements that were typed, each with what tells it from others of the same draft. */
export function observationsOf(
  { values, units, note }: Typed,
  { patient, encounter, at, now, performer }: Circumstances,
): { kind: Kind; print: string; resource: object & { resourceType: 'Observation' } }[] {
  const quantity = (field: Field) => {
    const { code, unit } = unitFor(field, units[field])
    return { value: decimal(values[field]), unit, system: UCUM, code }
  }
  const typed = (kind: Kind) => values[kind === 'pressure' ? 'systolic' : kind].trim() !== ''
  return KINDS.filter(typed).map((kind, i) => {
    const value =
      kind === 'pressure'
        ? {
            component: [
              { code: { coding: [SYSTOLIC] }, valueQuantity: quantity('systolic') },
              { code: { coding: [DIASTOLIC] }, valueQuantity: quantity('diastolic') },
            ],
          }
        : { valueQuantity: quantity(kind) }
    const words = i === 0 && note.trim() ? [{ text: note.trim() }] : undefined
    const fields: Field[] = kind === 'pressure' ? ['systolic', 'diastolic'] : [kind]
    return {
      kind,
      print: [kind, ...fields.flatMap((it) => [values[it].trim(), units[it]]), at, words?.[0]?.text].join(
        '\n',
      ),
      resource: {
        resourceType: 'Observation' as const,
        status: 'final',
        category: [
          {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/observation-category',
                code: 'vital-signs',
                display: 'Vital Signs',
              },
            ],
          },
        ],
        code: CODES[kind],
        subject: { reference: `Patient/${patient}` },
        encounter: encounter ? { reference: `Encounter/${encounter}` } : undefined,
        effectiveDateTime: at,
        issued: now,
        performer: [{ display: performer }],
        ...value,
        note: words,
      },
    }
  })
}

/** Which of the kinds an Observation is. */
export function kindOf(observation: Pick<Observation, 'code'>): Kind | undefined {
  return KINDS.find((kind) =>
    hasCodeOf(observation.code, ...CODES[kind].coding.flatMap((it) => it.code ?? [])),
  )
}

const part = (observation: Observation, coding: Coding): Quantity | undefined =>
  observation.component?.find((it) => hasCodeOf(it.code, coding.code ?? ''))?.valueQuantity

/** The numbers of a measurement: of blood pressure two. */
export function numbersOf(kind: Kind, observation: Observation): Quantity[] {
  const found =
    kind === 'pressure'
      ? [part(observation, SYSTOLIC), part(observation, DIASTOLIC)]
      : [observation.valueQuantity]
  return found.filter((it): it is Quantity => it?.value !== undefined)
}

const shownDecimals = (kind: Kind) => (kind === 'temperature' || kind === 'weight' ? 1 : 0)

/** As it is read: 139/77, 36.7. */
export const shownNumber = (kind: Kind, quantity: Quantity): string => {
  const value = quantity.value ?? 0
  const places = shownDecimals(kind)
  // More digits than usual were meant so.
  return value === Number(value.toFixed(places))
    ? value.toFixed(places)
    : (quantity.valueText ?? String(value))
}

export const shownNumbers = (kind: Kind, quantities: Quantity[]): string =>
  quantities.map((it) => shownNumber(kind, it)).join('/')

const fieldOf = (kind: Kind, i: number): Field =>
  kind === 'pressure' ? (i === 0 ? 'systolic' : 'diastolic') : kind

/** In the first unit of its kind, whatever it was measured in. */
export const inFirstUnit = (kind: Kind, quantity: Quantity, i = 0): number =>
  unitFor(fieldOf(kind, i), quantity.code ?? '').toFirst(quantity.value ?? 0)

export const shownUnit = (kind: Kind, quantity: Quantity | undefined): string =>
  unitFor(fieldOf(kind, 0), quantity?.code ?? '').unit

/** On which side of what is usual a measurement lies: of two numbers the first that does. */
export function sideOf(kind: Kind, quantities: Quantity[]): 'high' | 'low' | undefined {
  for (const [i, quantity] of quantities.entries()) {
    const [low, high] = LIMITS[fieldOf(kind, i)].usual
    const value = inFirstUnit(kind, quantity, i)
    if (value < low) return 'low'
    if (value > high) return 'high'
  }
  return undefined
}

/** Measurements taken in one go: within minutes, each kind once. */
export interface Round<Measured extends Observation = Observation> {
  at: string
  of: Partial<Record<Kind, Measured>>
  others: Measured[]
}

const TOGETHER = 5 * 60_000

/** The rounds, the latest first. What was entered in error is left out. */
export function roundsOf<Measured extends Observation>(observations: Measured[]): Round<Measured>[] {
  const timed = observations
    .filter((it) => it.status !== 'entered-in-error' && it.effectiveDateTime)
    .toSorted((a, b) => Date.parse(b.effectiveDateTime ?? '') - Date.parse(a.effectiveDateTime ?? ''))
  const rounds: Round<Measured>[] = []
  for (const one of timed) {
    const at = one.effectiveDateTime ?? ''
    const kind = kindOf(one)
    const last = rounds.at(-1)
    const fits =
      last &&
      Date.parse(last.at) - Date.parse(at) <= TOGETHER &&
      last.at.includes('T') === at.includes('T') &&
      !(kind && last.of[kind])
    const round = fits ? last : { at, of: {}, others: [] }
    if (!fits) rounds.push(round)
    if (kind) round.of[kind] = one
    else round.others.push(one)
  }
  return rounds
}
