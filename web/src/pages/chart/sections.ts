import type { QueryClient } from '@tanstack/react-query'
import { chartQueries } from '@/api/chartQueries'
import { chartsQueries } from '@/api/charts'
import type { Criteria } from '@/api/fhir'
import type { Type } from '@/api/fhirTypes'
import { contextQueries } from '@/api/queries'
import type { Me } from '@/api/types'
import { ACTIVE, CODE_STATUS, CURRENT_STAY } from './essentials'

/** What is asked for: a type, of which records, how many at most. */
type Need = [type: Type, criteria?: Criteria, most?: number]

export const VITAL_SIGNS = { category: 'vital-signs' }
export const LABORATORY = { category: 'laboratory' }
/** Half a year of four rounds a day, six measurements each, is more; charts show the latest. */
export const MOST_VITALS = 600
const NEWEST = 8
export const NEWEST_VITALS = 40

const BANNER: Need[] = [
  ['Encounter', CURRENT_STAY],
  ['AllergyIntolerance'],
  ['Flag'],
  ['Observation', CODE_STATUS, 5],
  ['Consent', ACTIVE],
]

export const TIMELINE = [
  ['Observation', VITAL_SIGNS, NEWEST_VITALS],
  ['Composition', undefined, NEWEST],
  ['DocumentReference', undefined, NEWEST],
  ['DiagnosticReport', undefined, NEWEST],
  ['Condition', undefined, NEWEST],
  ['MedicationRequest', undefined, NEWEST],
  ['MedicationStatement', undefined, NEWEST],
  ['Immunization', undefined, NEWEST],
  ['Procedure', undefined, NEWEST],
  ['Encounter', undefined, NEWEST],
] as const satisfies Need[]

/** The sections of a chart, in the order in which they are shown, each with what it stands on. */
export const SECTIONS = {
  vitals: [['Observation', VITAL_SIGNS, MOST_VITALS]],
  medications: [['MedicationRequest'], ['MedicationStatement']],
  mar: [['MedicationRequest']],
  problems: [['Condition']],
  allergies: [['AllergyIntolerance']],
  notes: [
    ['Composition', undefined, 100],
    ['DocumentReference', undefined, 100],
  ],
  documents: [['DocumentReference', undefined, 100]],
  results: [
    ['DiagnosticReport', undefined, 100],
    ['Observation', LABORATORY, 400],
  ],
  'care-plan': [['CarePlan'], ['Goal']],
  immunizations: [['Immunization']],
  alerts: [['Flag'], ['Observation', CODE_STATUS, 5]],
  stays: [['Encounter']],
  contacts: [['RelatedPerson']],
  coverage: [['Coverage']],
  consents: [['Consent']],
  family: [],
  relationships: [],
  accesses: [],
  keeping: [],
} as const satisfies Record<string, readonly Need[]>

export type SectionKey = keyof typeof SECTIONS
export const SECTION_KEYS = Object.keys(SECTIONS) as SectionKey[]
export const isSection = (key: string): key is SectionKey => Object.hasOwn(SECTIONS, key)

/** The types of which a post may see something. */
type Types = ReadonlyMap<string, unknown> | undefined

/** Whether a post reads and answers what families write: whoever lets relatives in may write, and need not see it. */
export const answersLetters = (me: Me, types: Types): boolean =>
  me.permissions.includes('letters.write') && types?.has('Communication') === true

/** What stands on no record of FHIR's beside the patient's own: contacts are in that too, the others are of the post. */
export const standsAlone = (section: SectionKey, me: Me, types: Types): boolean => {
  const may = (permission: string) => me.permissions.includes(permission)
  switch (section) {
    case 'contacts':
      return true
    case 'family':
      return me.kind !== 'portal' && (may('sharing.approve') || answersLetters(me, types))
    case 'relationships':
      return me.kind !== 'portal' && may('chart.read')
    case 'accesses':
      return may('audit.report') || (me.kind === 'portal' && may('audit.own'))
    case 'keeping':
      return me.kind !== 'portal' && may('records.keep')
    default:
      return false
  }
}

/** All that a chart may ask for, each once. */
export const NEEDS: readonly Need[] = [
  ...new Map(
    [...BANNER, ...TIMELINE, ...Object.values<readonly Need[]>(SECTIONS).flat()].map((need: Need) => [
      JSON.stringify(need),
      need,
    ]),
  ).values(),
]

export const queryOf = (context: string, patient: string, [type, criteria, most]: Need) =>
  chartQueries(context).records(type, patient, criteria, most)

const load = async (client: QueryClient, context: string, patient: string, needs: readonly Need[]) =>
  Promise.all(needs.map((need) => client.ensureQueryData(queryOf(context, patient, need))))

/** Loads what every page of a chart shows. */
export async function loadChart(client: QueryClient, context: string, patient: string) {
  // The first tells whether there is such a patient: nothing else is asked of one that there is not.
  await client.ensureQueryData(chartQueries(context).patient(patient))
  await load(client, context, patient, BANNER)
}

export const loadOverview = (client: QueryClient, context: string, patient: string) =>
  load(client, context, patient, TIMELINE)

/** Whether there is such a section for this post. */
export async function loadSection(
  client: QueryClient,
  context: string,
  patient: string,
  section: SectionKey,
) {
  const [me, types] = await Promise.all([
    client.ensureQueryData(contextQueries(context).me()),
    client.ensureQueryData(chartQueries(context).types()),
  ])
  if (section === 'stays')
    return (await client.ensureQueryData(chartsQueries(context).stays(patient))) !== null
  if (section === 'relationships' && standsAlone(section, me, types))
    await client.ensureQueryData(chartsQueries(context).ties(patient))
  const found = await load(client, context, patient, SECTIONS[section])
  return standsAlone(section, me, types) || found.some((it) => it !== null)
}
