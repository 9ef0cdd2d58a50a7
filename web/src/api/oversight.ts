import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']
export type LogLine = Schemas['LogLine']
export type LogPage = Schemas['LogPage']
export type Figures = Schemas['HouseFigures']
export type FiguresNow = Schemas['FiguresNow']
export type Measure = Figures['measures'][number]

const DAY = 86_400_000

/** What is looked for in the log. Everything that is said must be so. */
export interface Sought {
  days: number
  what?: string
  /** A post's number. */
  membership?: number
  /** A patient's id. */
  patient?: string
  /** A facility's code. */
  facility?: string
  refused?: boolean
  emergency?: boolean
}

interface Window {
  from: string
  to?: string
  cursor?: string
}

function question(sought: Sought, window: Window): URLSearchParams {
  const asked = new URLSearchParams({ ...window })
  if (sought.what) asked.set('what', sought.what)
  if (sought.membership) asked.set('membership', String(sought.membership))
  if (sought.patient) asked.set('patient', sought.patient)
  if (sought.facility) asked.set('facility', sought.facility)
  if (sought.refused) asked.set('outcome', 'refused')
  if (sought.emergency) asked.set('emergency', 'true')
  return asked
}

/** Each look is in the log: nobody's return to the tab is one. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, retry: false } as const

/** What is asked for figures. */
export interface Period {
  from: string
  to: string
  facility?: string
}

const figures = ({ from, to, facility }: Period) =>
  new URLSearchParams({ from, to, ...(facility ? { facility } : {}) })

export type Form = 'pdf' | 'csv'
const TYPES = { pdf: 'application/pdf', csv: 'text/csv' } as const

/** Files that are taken out; each is in the log. */
export const takenFrom = (context: string) => ({
  accesses: (patient: string, days: number, form: Form) =>
    http.file(
      `/api/patients/${encodeURIComponent(patient)}/accesses/${form}?from=${encodeURIComponent(since(days))}`,
      TYPES[form],
      { context },
    ),
  figures: (period: Period) => http.file(`/api/figures/csv?${figures(period)}`, TYPES.csv, { context }),
})

const since = (days: number) => new Date(http.now() - days * DAY).toISOString()

export function oversightQueries(context: string) {
  const key = (...rest: unknown[]) => ['context', context, 'oversight', ...rest]
  return {
    all: key(),
    log: (sought: Sought) =>
      infiniteQueryOptions({
        ...looks,
        queryKey: key('log', sought),
        queryFn: ({ pageParam, signal }) =>
          http.get<LogPage>(
            `/api/audit/events?${question(sought, pageParam ?? { from: since(sought.days) })}`,
            { context, signal },
          ),
        initialPageParam: null as Window | null,
        // The cursor is bound to the period of the page before.
        getNextPageParam: ({ from, to, next }) => (next ? { from, to, cursor: next } : null),
        gcTime: 60_000,
      }),
    figures: (period: Period) =>
      queryOptions({
        ...looks,
        queryKey: key('figures', period),
        queryFn: ({ signal }) => http.get<Figures>(`/api/figures?${figures(period)}`, { context, signal }),
        staleTime: 60_000,
      }),
    now: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('now', facility),
        queryFn: ({ signal }) =>
          http.get<FiguresNow>(`/api/facilities/${encodeURIComponent(facility)}/figures/now`, {
            context,
            signal,
          }),
        staleTime: 60_000,
      }),
    reviews: () =>
      queryOptions({
        ...looks,
        queryKey: key('reviews'),
        queryFn: ({ signal }) => http.get<Reviews>('/api/access-reviews', { context, signal }),
      }),
    review: (id: string) =>
      queryOptions({
        ...looks,
        queryKey: key('review', id),
        queryFn: ({ signal }) => http.get<ReviewWhole>(review(id), { context, signal }),
      }),
    keeping: () =>
      queryOptions({
        ...looks,
        queryKey: key('keeping'),
        queryFn: ({ signal }) => http.get<Keeping>('/api/organization/keeping', { context, signal }),
      }),
  }
}

export type Review = Schemas['AccessReview']
export type ReviewWhole = Schemas['AccessReviewWhole']
export type ReviewPost = ReviewWhole['people'][number]
export type Reviews = Schemas['AccessReviews']
export type Keeping = Schemas['Keeping']
export type KeepingBody = Schemas['KeepingBody']

const review = (id: string) => `/api/access-reviews/${encodeURIComponent(id)}`

/** Reviews of access, and how long what is kept. */
export const overseeing = (context: string) => ({
  start: (facility: string, due_at: string) =>
    http.post<{ review: string }>('/api/access-reviews', { facility, due_at }, { context }),
  decide: (id: string, membership: number, verdict: 'kept' | 'ended') =>
    http.put(`${review(id)}/posts/${membership}`, { verdict }, { context }),
  sign: (id: string) => http.post(`${review(id)}/sign`, {}, { context }),
  keep: (version: number, body: KeepingBody) =>
    http.put<Keeping>('/api/organization/keeping', body, { context, version }),
})
