import { queryOptions } from '@tanstack/react-query'
import { isHidden } from './fhir'
import type { Resource } from './fhirTypes'
import { http } from './http'
import { parse } from './json'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Family = Schemas['Family']
export type Relative = Schemas['Relative']
export type Thread = Schemas['FamilyThread']
export type Digest = Schemas['FamilyDigest']
export type Mails = Schemas['FamilyMails']
export type FieldApproval = Schemas['FieldApproval']

/** A patient's records as a relative sees them, the patient first. */
export interface Home {
  resources: Resource[]
  complete: boolean
  /** On their own page alone. */
  news?: Schemas['FamilyNews']
}

const JSON_TYPE = 'application/json'
const of = (patient: string, ...parts: (string | number)[]) =>
  ['/api/patients', patient, 'family', ...parts]
    .map((it, i) => (i === 0 ? it : encodeURIComponent(it)))
    .join('/')

const letters = (patient: string) => `/api/family/${encodeURIComponent(patient)}/letters`

const MAILS = '/api/me/family-mails'

/** What families see, in one context. Decimals come as they were written. */
export const familyIn = (context: string) => {
  const home = async (path: string, signal?: AbortSignal): Promise<Home> => {
    const { text } = await http.raw('GET', path, { type: JSON_TYPE }, { context, signal })
    return parse<Home>(text)
  }
  return {
    home: (patient: string, signal?: AbortSignal) =>
      home(`/api/family/${encodeURIComponent(patient)}`, signal),
    /** Their page was really looked at. */
    look: (patient: string, look: string) =>
      http.post(`/api/family/${encodeURIComponent(patient)}/looked`, { look }, { context }),
    preview: (patient: string, membership: number, signal?: AbortSignal) =>
      home(of(patient, membership, 'preview'), signal),
    list: (patient: string, signal?: AbortSignal) => http.get<Family>(of(patient), { context, signal }),
    decide: (
      patient: string,
      { membership, version }: Relative,
      category: string,
      decision: { fields: string[]; until: string | null },
    ) => http.put<Family>(of(patient, membership, category), decision, { context, version }),
    withdraw: (patient: string, membership: number) => http.delete(of(patient, membership), { context }),
    own: (patient: string, signal?: AbortSignal) => http.get<Thread>(letters(patient), { context, signal }),
    read: (patient: string, letter: string) =>
      http.post<Thread>(`${letters(patient)}/read`, { letter }, { context }),
    write: (patient: string, text: string) => http.post<Thread>(letters(patient), { text }, { context }),
    threads: (patient: string, signal?: AbortSignal) =>
      http
        .get<{ threads: Thread[] }>(`/api/patients/${patient}/letters`, { context, signal })
        .then((it) => it.threads),
    answer: (patient: string, membership: number, text: string) =>
      http
        .post<{ threads: Thread[] }>(`/api/patients/${patient}/letters/${membership}`, { text }, { context })
        .then((it) => it.threads),
    mails: (signal?: AbortSignal) => http.get<Mails>(MAILS, { context, signal }),
    choose: (digest: Digest, version: string) => http.put<Mails>(MAILS, { digest }, { context, version }),
    agree: (patient: string) => http.post('/api/me/relationships/accept', { patient }, { context }),
  }
}

const POLL = 30_000

/** Each look is in the log as one: coming back to the tab is none. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, gcTime: 0, staleTime: 10_000 }

export function familyQueries(context: string) {
  const calls = familyIn(context)
  const key = (...rest: (string | number)[]) => ['context', context, 'family', ...rest]
  return {
    all: key(),
    /** `null`: there is no such patient for them. */
    home: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('home', patient),
        queryFn: ({ signal }) =>
          calls.home(patient, signal).catch((error: unknown) => {
            if (isHidden(error)) return null
            throw error
          }),
      }),
    /** Of letters nobody is told: it is looked whether there are any. */
    own: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('letters', patient),
        queryFn: ({ signal }) => calls.own(patient, signal),
        refetchInterval: POLL,
      }),
    mails: () =>
      queryOptions({
        ...looks,
        queryKey: key('mails'),
        queryFn: ({ signal }) => calls.mails(signal),
      }),
    threads: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('threads', patient),
        queryFn: ({ signal }) => calls.threads(patient, signal),
        refetchInterval: POLL,
      }),
    preview: (patient: string, membership: number) =>
      queryOptions({
        ...looks,
        staleTime: 0,
        queryKey: key('preview', patient, membership),
        queryFn: ({ signal }) => calls.preview(patient, membership, signal),
      }),
    list: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('list', patient),
        queryFn: ({ signal }) => calls.list(patient, signal),
      }),
  }
}
