import { queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']
export type RecordKeeping = Schemas['RecordKeeping']
export type RecordsKept = Schemas['RecordsKept']
export type Erasure = Schemas['Erasure']
export type LegalHold = Schemas['LegalHold']
export type Restriction = Schemas['RecordRestrictionWhole']
type Ground = Schemas['RecordRestrictionNew']['ground']
type ErasureGround = Schemas['ErasureNew']['ground']
type HoldKind = Schemas['LegalHoldNew']['kind']

export const RESTRICTIONS = [
  'request',
  'accuracy',
  'unlawful',
  'claims',
  'objection',
] as const satisfies Ground[]
export const ERASURES = ['request', 'kept-long-enough', 'error', 'order'] as const satisfies ErasureGround[]
export const HOLDS = ['litigation', 'investigation', 'audit', 'other'] as const satisfies HoldKind[]

const of = (patient: string, ...parts: string[]) =>
  ['/api/patients', ...[patient, ...parts].map(encodeURIComponent)].join('/')
const erasure = (id: string, what: string) => `/api/erasures/${encodeURIComponent(id)}/${what}`

/** Each look is in the log: nobody's return to the tab is one. */
const looks = {
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  retry: false,
  gcTime: 60_000,
} as const

export function erasureQueries(context: string) {
  const key = (...rest: unknown[]) => ['context', context, 'records', ...rest]
  return {
    all: key(),
    restriction: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('restriction', patient),
        queryFn: ({ signal }) =>
          http.get<Schemas['RecordRestriction']>(of(patient, 'restriction'), { context, signal }),
      }),
    keeping: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('keeping', patient),
        queryFn: ({ signal }) => http.get<RecordKeeping>(of(patient, 'keeping'), { context, signal }),
      }),
    list: () =>
      queryOptions({
        ...looks,
        queryKey: key('list'),
        queryFn: ({ signal }) => http.get<RecordsKept>('/api/erasures', { context, signal }),
      }),
  }
}

/** What is decided about a record. Asking for an erasure and approving one ask for proof. */
export const erasing = (context: string) => ({
  restrict: (patient: string, ground: Ground) =>
    http.post(of(patient, 'restriction'), { ground }, { context }),
  lift: (patient: string) => http.post(of(patient, 'restriction', 'lift'), {}, { context }),
  hold: (patient: string, kind: HoldKind, matter: string) =>
    http.post(of(patient, 'holds'), { kind, matter }, { context }),
  release: (patient: string, hold: string) =>
    http.post(of(patient, 'holds', hold, 'release'), {}, { context }),
  ask: (patient: string, ground: ErasureGround) =>
    http.post(of(patient, 'erasures'), { ground }, { context }),
  decide: (id: string, approved: boolean) => http.post(erasure(id, 'decision'), { approved }, { context }),
  withdraw: (id: string) => http.post(erasure(id, 'withdraw'), {}, { context }),
})
