import { queryOptions } from '@tanstack/react-query'
import { fhirIn } from './fhir'
import type { Patient } from './fhirTypes'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Pass = Schemas['MedicationPass']
export type PassResident = Schemas['MedicationPassResident']
export type Order = Schemas['MedicationOrder']
export type DoseView = Schemas['DoseView']
export type DoseState = Schemas['DoseState']
export type Dose = Schemas['Dose']
export type Outcome = Schemas['DoseOutcome']
export type Told = Schemas['DoseTold']
export type Effect = Schemas['DoseEffect']
export type Mar = Schemas['MedicationRecord']
export type Sheet = Schemas['MedicationCount']
export type SheetNew = Schemas['MedicationCountNew']
export type SheetEntry = Schemas['MedicationCountEntry']
export type SheetEntryNew = Schemas['MedicationCountEntryNew']

const JSON_TYPE = 'application/json'
/** A connection that says nothing for so long is none: what was sent is sent again, and counts once. */
const PATIENCE = 20_000
const DOSES = '/api/medications/doses'
const COUNTS = '/api/medications/counts'
/** Ids asked for at once. */
const TOGETHER = 50

/** The calls about medications in one context. */
export function medicationsIn(context: string) {
  /** Of one facility, or of all within reach. */
  async function at<Answer>(path: string, facility: string, body?: object, signal?: AbortSignal) {
    const headers: Record<string, string> = {}
    if (facility) headers['Lamplight-Facility'] = facility
    if (body) headers['Content-Type'] = JSON_TYPE
    const text = { type: JSON_TYPE, content: body && JSON.stringify(body), headers }
    const answer = await http.raw(body ? 'POST' : 'GET', path, text, { context, signal })
    return JSON.parse(answer.text) as Answer
  }
  const ofPatient = (patient: string, ...parts: string[]) =>
    ['/api/patients', encodeURIComponent(patient), 'medications', ...parts].join('/')
  const of = (administration: string, what: string) =>
    `${DOSES}/${encodeURIComponent(administration)}/${what}`
  const entries = (stock: string) => `${COUNTS}/${encodeURIComponent(stock)}/entries`
  return {
    pass: (facility: string, signal?: AbortSignal) =>
      at<Pass>('/api/medications/pass', facility, undefined, signal),
    /** One after the other; each has its own answer. */
    send: (doses: readonly Dose[]) =>
      http
        .post<{ answers: Told[] }>(
          `${DOSES}/batch`,
          { doses },
          { context, signal: AbortSignal.timeout(PATIENCE) },
        )
        .then((it) => it.answers),
    wrong: (administration: string, reason: string) =>
      http.post(of(administration, 'wrong'), { reason }, { context }),
    effect: (administration: string, effect: Effect) =>
      http.post(of(administration, 'effect'), { effect }, { context }),
    mar: (patient: string, from?: string) =>
      http.get<Mar>(ofPatient(patient) + (from ? `?from=${from}` : ''), { context }),
    hold: (patient: string, order: string, version: string, reason: string) =>
      http.post(ofPatient(patient, order, 'hold'), { reason }, { context, version }),
    resume: (patient: string, order: string, version: string) =>
      http.post(ofPatient(patient, order, 'resume'), {}, { context, version }),
    counts: (facility: string) => at<{ sheets: Sheet[] }>(COUNTS, facility).then((it) => it.sheets),
    open: (facility: string, sheet: SheetNew) => at<Sheet>(COUNTS, facility, sheet),
    entries: (stock: string) =>
      http.get<{ entries: SheetEntry[] }>(entries(stock), { context }).then((it) => it.entries),
    enter: (stock: string, entry: SheetEntryNew) =>
      http.post<{ entry: string }>(entries(stock), entry, { context }).then((it) => it.entry),
    witness: (stock: string, entry: string) =>
      http.post(`${entries(stock)}/${encodeURIComponent(entry)}/witness`, {}, { context }),
  }
}

/** Each look is in a log: coming back to the tab is none. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, gcTime: 60_000 }
/** How often a page that is open looks what others did, in milliseconds. */
const AGAIN = 45_000
/** How often somebody who waits for a witness looks. */
export const WAITING = 3_000

export function medicationQueries(context: string) {
  const calls = medicationsIn(context)
  const key = (...rest: unknown[]) => ['context', context, 'medications', ...rest]
  return {
    all: key(),
    passes: key('pass'),
    records: (patient: string) => key('record', patient),
    pass: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('pass', facility),
        queryFn: ({ signal }) => calls.pass(facility, signal),
        staleTime: 15_000,
        refetchInterval: AGAIN,
        refetchOnReconnect: true,
      }),
    /** Faces by patient. Whoever has none, or none that may be seen, is not in it. */
    faces: (patients: readonly string[]) =>
      queryOptions({
        ...looks,
        queryKey: key('faces', patients),
        staleTime: 10 * 60_000,
        gcTime: 10 * 60_000,
        enabled: patients.length > 0,
        queryFn: async ({ signal }): Promise<Map<string, Patient['photo']>> => {
          const parts: string[][] = []
          for (let i = 0; i < patients.length; i += TOGETHER) parts.push(patients.slice(i, i + TOGETHER))
          const found: Patient[][] = []
          for (const some of parts)
            found.push(
              await fhirIn(context).all(
                'Patient',
                { _id: some.join(','), _count: String(TOGETHER) },
                { most: TOGETHER, signal },
              ),
            )
          return new Map(found.flat().flatMap((it) => (it.photo ? [[it.id, it.photo] as const] : [])))
        },
      }),
    record: (patient: string, from?: string) =>
      queryOptions({
        ...looks,
        queryKey: key('record', patient, from ?? ''),
        queryFn: () => calls.mar(patient, from),
        staleTime: 5_000,
      }),
    counts: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('counts', facility),
        queryFn: () => calls.counts(facility),
        staleTime: 5_000,
        refetchInterval: AGAIN,
      }),
    entries: (stock: string) =>
      queryOptions({
        ...looks,
        queryKey: key('entries', stock),
        queryFn: () => calls.entries(stock),
        staleTime: 0,
      }),
  }
}
