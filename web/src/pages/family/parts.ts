import type { Home } from '@/api/family'
import type { Observation, Of, Resource, Type } from '@/api/fhirTypes'
import { kindOf } from '@/pages/chart/vitals'
import { conceptOf } from '@/pages/chart/words'

/** The resources of a type, as they came. */
export function allOf<T extends Type>(resources: readonly Resource[], type: T): Of<T>[] {
  return resources.filter((it): it is Of<T> => it.resourceType === type)
}

const CLOSED = ['entered-in-error', 'refuted', 'cancelled']
type Coded = { coding?: { code?: string }[] } | undefined
const code = (concept: Coded) => concept?.coding?.[0]?.code ?? ''

/** Whether a record still says something: none that was taken back does. */
interface Said {
  status?: string
  lifecycleStatus?: string
  clinicalStatus?: Coded
  verificationStatus?: Coded
}

export function stands(it: Said): boolean {
  const status = it.status ?? it.lifecycleStatus ?? ''
  return !CLOSED.includes(status) && !CLOSED.includes(code(it.verificationStatus))
}

/** Whether it is so now. What does not say so is taken to be. */
export const isNow = (it: { status?: string; clinicalStatus?: Coded }): boolean =>
  !['stopped', 'completed', 'resolved', 'inactive', 'remission', 'ended'].includes(
    code(it.clinicalStatus) || (it.status ?? ''),
  )

/** What is measured seldom, each thing by itself: the latest first in each, and what was measured last first of all. */
export interface Measure {
  name: string
  all: Observation[]
}

export function measuresOf(observations: readonly Observation[]): Measure[] {
  const by = new Map<string, Observation[]>()
  const at = (it: Observation) => it.effectiveDateTime ?? ''
  for (const it of observations) {
    if (!stands(it) || kindOf(it) || !conceptOf(it.code)) continue
    const name = conceptOf(it.code)
    by.set(name, [...(by.get(name) ?? []), it])
  }
  return [...by]
    .map(([name, all]) => ({ name, all: all.toSorted((a, b) => at(b).localeCompare(at(a))) }))
    .toSorted((a, b) => at(b.all[0] as Observation).localeCompare(at(a.all[0] as Observation)))
}

/** What an observation says, where it is no number: its code's words, its text. */
export const wordsOf = (it: Observation): string =>
  it.valueString ?? (it.valueCodeableConcept ? conceptOf(it.valueCodeableConcept) : '')

/** The headings of a relative's page. */
export type Shown =
  | 'person'
  | 'measurements'
  | 'documents'
  | 'notes'
  | 'medications'
  | 'problems'
  | 'allergies'
  | 'care-plan'
  | 'immunizations'
  | 'stays'
  | 'contacts'
  | 'other'

const HEADINGS: Record<string, Shown> = {
  Patient: 'person',
  Observation: 'measurements',
  DocumentReference: 'documents',
  Composition: 'notes',
  MedicationRequest: 'medications',
  MedicationStatement: 'medications',
  Condition: 'problems',
  AllergyIntolerance: 'allergies',
  CarePlan: 'care-plan',
  Goal: 'care-plan',
  Immunization: 'immunizations',
  Encounter: 'stays',
  RelatedPerson: 'contacts',
}

/** Under which heading a record stands on a relative's page; nothing for one that is not on it. */
export function headingOf(it: Resource): Shown | undefined {
  const heading = HEADINGS[it.resourceType] ?? 'other'
  const said = it as Said
  if (!stands(said) || said.status === 'superseded') return undefined
  return (heading === 'medications' || heading === 'allergies') && !isNow(said) ? undefined : heading
}

/** What is new, by the ids of records. */
export type Marks = ReadonlyMap<string, 'new' | 'changed'>

/** What was marked, with what came since: what was new stays so. */
export function marked(known: Marks, news: Home['news']): Marks {
  const marks = new Map(known)
  for (const id of news?.changed ?? []) if (!marks.has(id)) marks.set(id, 'changed')
  for (const id of news?.new ?? []) marks.set(id, 'new')
  return marks
}

export interface Count {
  new: number
  changed: number
}

/** How much is new under each heading, of what is on the page. */
export function countsOf(resources: readonly Resource[], marks: Marks): Map<Shown, Count> {
  const counts = new Map<Shown, Count>()
  for (const it of resources) {
    const kind = it.id && marks.get(it.id)
    const heading = kind && headingOf(it)
    if (!heading) continue
    const count = counts.get(heading) ?? { new: 0, changed: 0 }
    counts.set(heading, { ...count, [kind]: count[kind] + 1 })
  }
  return counts
}
