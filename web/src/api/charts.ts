import { queryOptions } from '@tanstack/react-query'
import { ApiError } from './errors'
import { isHidden } from './fhir'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Stay = Schemas['Stay']
export type StayPlace = Schemas['StayPlace']
export type LooseEnds = Schemas['StayLoose']
export type Code = Schemas['TerminologyCode']
export type Merge = Schemas['Merge']
export type Merged = Schemas['Merged']
export type Unmerged = Schemas['Unmerged']
export type PatientTie = Schemas['TieView']
export type TieKind = PatientTie['kind']
export type CodeList = 'icd-10' | 'cvx'

interface Cursor {
  next?: string | null
}

/** What of a patient is no FHIR record but done with one: the calls of one context. */
export function chartsIn(context: string) {
  const of = (patient: string, ...parts: string[]) =>
    ['/api/patients', ...[patient, ...parts].map(encodeURIComponent)].join('/')
  const turn =
    (what: string) =>
    (stay: Stay, body: object): Promise<Stay> =>
      http.post<Stay>(of(stay.patient, 'stays', stay.stay, what), body, { context, version: stay.version })
  return {
    /** What is looked for is sent in a body: it stands in no address. */
    codes: (list: CodeList, query: string, signal?: AbortSignal) =>
      http
        .post<{ codes: Code[] }>(`/api/terminology/${list}`, { query, limit: 12 }, { context, signal })
        .then((it) => it.codes),

    stays: (patient: string) =>
      http.get<{ stays: Stay[] }>(of(patient, 'stays'), { context }).then((it) => it.stays),
    looseEnds: (patient: string) => http.get<LooseEnds>(of(patient, 'loose-ends'), { context }),
    async census(): Promise<Stay[]> {
      const all: Stay[] = []
      let cursor: string | null | undefined
      do {
        const more = cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''
        const page = await http.get<{ stays: Stay[] } & Cursor>(`/api/stays${more}`, { context })
        all.push(...page.stays)
        cursor = page.next
      } while (cursor && all.length < 2_000)
      return all
    },
    admit: (patient: string, body: object) => http.post<Stay>(of(patient, 'stays'), body, { context }),
    transfer: turn('transfer'),
    leave: turn('leave'),
    comeBack: turn('return'),
    discharge: turn('discharge'),
    reassign: (patient: string, version: string, body: { facility: string; reason: string }) =>
      http.post<Schemas['Reassigned']>(of(patient, 'reassign'), body, { context, version }),

    merge: (patient: string, version: string, body: { into: string; into_version: number; keep: string[] }) =>
      http.post<Merged>(of(patient, 'merge'), body, { context, version }),
    unmerge: (patient: string, merge: string) =>
      http.post<Unmerged>(of(patient, 'merges', merge, 'undo'), {}, { context }),
    merges: (patient: string) =>
      http.get<{ merges: Merge[] }>(of(patient, 'merges'), { context }).then((it) => it.merges),

    ties: (patient: string) =>
      http
        .get<{ relationships: PatientTie[] }>(of(patient, 'relationships'), { context })
        .then((it) => it.relationships),
    tie: (patient: string, membership: number, kind: TieKind, body: object) =>
      http.put(of(patient, 'relationships', String(membership), kind), body, { context }),
    untie: (patient: string, membership: number, kind: TieKind) =>
      http.delete(of(patient, 'relationships', String(membership), kind), { context }),
  }
}

/** Each look at a record is in the log as one: coming back to the tab is none. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, gcTime: 60_000, staleTime: 30_000 }

const orHidden = async <Answer>(asked: Promise<Answer>): Promise<Answer | null> => {
  try {
    return await asked
  } catch (error) {
    if (isHidden(error) || (error instanceof ApiError && error.status === 400)) return null
    throw error
  }
}

export function chartsQueries(context: string) {
  const calls = chartsIn(context)
  const key = (patient: string, ...rest: string[]) => [
    'context',
    context,
    'fhir',
    'patient',
    patient,
    ...rest,
  ]
  return {
    /** Everyone who is admitted; `null` where stays are out of sight. */
    census: () =>
      queryOptions({
        ...looks,
        queryKey: ['context', context, 'fhir', 'census'],
        queryFn: () => orHidden(calls.census()),
      }),
    stays: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key(patient, 'stays'),
        queryFn: () => orHidden(calls.stays(patient)),
      }),
    looseEnds: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key(patient, 'loose-ends'),
        queryFn: () => calls.looseEnds(patient),
      }),
    merges: (patient: string) =>
      queryOptions({ ...looks, queryKey: key(patient, 'merges'), queryFn: () => calls.merges(patient) }),
    ties: (patient: string) =>
      queryOptions({ ...looks, queryKey: key(patient, 'ties'), queryFn: () => calls.ties(patient) }),
  }
}
