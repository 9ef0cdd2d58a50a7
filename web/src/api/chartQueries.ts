import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiError } from './errors'
import { type Criteria, fhirIn, isHidden, type Page } from './fhir'
import type { Of, Patient, Type } from './fhirTypes'

/**
 * Each look at a record is in the log as one: coming back to the tab is none, and nothing is kept for long. What is
 * hidden from the post is `null`, not an empty list.
 */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, gcTime: 60_000, staleTime: 30_000 }

const PAGE = '25'

/** What of a search by name found something: the names as typed, or what sounds or looks like them. */
export interface Found extends Page<Patient> {
  way: number
  alike: boolean
}

export interface Sought {
  typed: string
  /** The Organization that the patient is of. */
  organization?: string
}

export function chartQueries(context: string) {
  const fhir = fhirIn(context)
  const key = (...rest: unknown[]) => ['context', context, 'fhir', ...rest]
  const types = () =>
    queryOptions({
      queryKey: key('types'),
      queryFn: ({ signal }) => fhir.types({ signal }),
      staleTime: 5 * 60_000,
      refetchOnWindowFocus: false,
    })
  const isThere = async (client: QueryClient, type: Type) => (await client.ensureQueryData(types())).has(type)

  return {
    types,

    patients: (sought: Sought) =>
      infiniteQueryOptions({
        ...looks,
        gcTime: 10_000,
        queryKey: key('patients', sought),
        initialPageParam: { way: 0 } as { way: number; cursor?: string },
        queryFn: async ({ client, pageParam, signal }) => {
          const known = (await client.ensureQueryData(types())).get('Patient') ?? new Set()
          return findPatients(fhir, sought, known, pageParam, signal)
        },
        getNextPageParam: (last: Found) => (last.next ? { way: last.way, cursor: last.next } : undefined),
      }),

    patient: (id: string) =>
      queryOptions({
        ...looks,
        queryKey: key('patient', id, 'Patient'),
        queryFn: async ({ signal }) => (await fhir.read('Patient', id, { signal })).resource,
      }),

    /** Of a patient all records of a type that the criteria name. */
    records: <T extends Type>(type: T, patient: string, criteria: Criteria = {}, most?: number) =>
      queryOptions({
        ...looks,
        queryKey: key('patient', patient, type, criteria, most),
        queryFn: async ({ client, signal }): Promise<Of<T>[] | null> => {
          if (!(await isThere(client, type))) return null
          const all = { patient, _count: String(Math.min(most ?? 200, 200)), ...criteria }
          try {
            return await fhir.all(type, all, { most, signal })
          } catch (error) {
            if (isHidden(error)) return null
            throw error
          }
        },
      }),

    /** The Organizations that stand for facilities, by their names: patients name theirs by it. */
    organizations: (names: readonly string[]) =>
      queryOptions({
        queryKey: key('organizations', names),
        staleTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        queryFn: async ({ client, signal }): Promise<Map<string, string>> => {
          if (names.length === 0 || !(await isThere(client, 'Organization'))) return new Map()
          const escaped = names.map((it) => it.replaceAll(/[\\,$|]/g, '\\$&'))
          try {
            const all = await fhir.all(
              'Organization',
              { 'name:exact': escaped.join(','), _count: '200' },
              { signal },
            )
            return new Map(all.flatMap((it) => (it.name ? [[it.name, it.id] as const] : [])))
          } catch (error) {
            if (isHidden(error)) return new Map()
            throw error
          }
        },
      }),

    /** The patients opened in this tab, the latest first: in memory, and gone with a lock. */
    recent: () =>
      queryOptions({
        queryKey: key('recent'),
        queryFn: (): Patient[] => [],
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: Number.POSITIVE_INFINITY,
      }),
  }
}

const RECENT = 8

export async function rememberPatient(client: QueryClient, context: string, patient: Patient) {
  const { recent } = chartQueries(context)
  const before = await client.ensureQueryData(recent())
  const next = [patient, ...before.filter((it) => it.id !== patient.id)].slice(0, RECENT)
  client.setQueryData(recent().queryKey, next)
}

/** All that is kept of one patient is asked for anew. */
export const refreshPatient = (client: QueryClient, context: string, patient: string) =>
  client.invalidateQueries({ queryKey: ['context', context, 'fhir', 'patient', patient] })

/**
 * After two charts became one, or one two: what is in sight is asked for anew, and what is not is forgotten, so that
 * nothing of somebody else is shown in passing.
 */
export async function refreshCharts(client: QueryClient, context: string) {
  const queryKey = ['context', context, 'fhir', 'patient']
  client.removeQueries({ queryKey, type: 'inactive' })
  await client.invalidateQueries({ queryKey: ['context', context, 'fhir'] })
}

/** The ways of looking for what was typed, the next when one finds nobody. */
export function waysOf(typed: string): { criteria: Criteria; alike: boolean }[] {
  const text = typed.trim()
  if (text === '') return [{ criteria: { _sort: 'family,given' }, alike: false }]
  const birthdate = asDate(text)
  if (birthdate) return [{ criteria: { birthdate }, alike: false }]
  if (/\d/.test(text)) return [{ criteria: { identifier: text }, alike: false }]
  const words = text.split(/[\s,]+/).filter(Boolean)
  const rest = words.slice(0, -1)
  const last = words.slice(-1)
  return [
    { criteria: { name: words, _sort: 'family,given' }, alike: false },
    { criteria: { phonetic: words }, alike: true },
    // One is misspelt, the other right or still being typed.
    ...(rest.length > 0
      ? [
          { criteria: { phonetic: rest, name: last }, alike: true },
          { criteria: { name: rest, phonetic: last }, alike: true },
        ]
      : []),
  ]
}

/** A day as people type it: 1948-07-26, or 7/26/1948. */
export function asDate(text: string): string | undefined {
  if (/^\d{4}-\d{2}(-\d{2})?$/.test(text)) return text
  const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) ?? []
  return month && day && year ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined
}

/** Whether a question asks only by what may be seen: of a hidden element there is no parameter. */
export const isAskable = (criteria: Criteria, known: ReadonlySet<string>): boolean =>
  Object.keys(criteria).every((name) => name.startsWith('_') || known.has(name))

async function findPatients(
  fhir: ReturnType<typeof fhirIn>,
  { typed, organization }: Sought,
  known: ReadonlySet<string>,
  from: { way: number; cursor?: string },
  signal: AbortSignal,
): Promise<Found> {
  const ways = waysOf(typed).filter(({ criteria }) => isAskable(criteria, known))
  if (ways.length === 0) return { items: [], way: 0, alike: false }
  let { way, cursor } = from
  for (;;) {
    const { criteria, alike } = ways[way] ?? { criteria: {}, alike: false }
    const asked: Criteria = { ...criteria, _count: PAGE, ...(organization && { organization }) }
    const page = await fhir.search('Patient', asked, { cursor, signal }).catch((error: unknown) => {
      // Too many to sort: in the server's own order then.
      if (!(error instanceof ApiError && error.status === 400 && '_sort' in asked)) throw error
      const { _sort: _, ...unsorted } = asked
      return fhir.search('Patient', unsorted, { cursor, signal })
    })
    if (page.items.length > 0) return { ...page, way, alike }
    // A page may be empty and yet not the last.
    if (page.next) cursor = page.next
    else if (way + 1 < ways.length && !from.cursor) {
      way++
      cursor = undefined
    } else return { ...page, way, alike }
  }
}

/**
 * Shows of a patient's records of a type what they will be once a change has arrived, and gives what takes that back.
 * Lists of some of them only show what they are asked for, so a new record stands in the list of all alone.
 */
export function foresee<T extends Type>(
  client: QueryClient,
  context: string,
  patient: string,
  type: T,
  change: (all: Of<T>[], everything: boolean) => Of<T>[],
): () => void {
  const queryKey = ['context', context, 'fhir', 'patient', patient, type]
  void client.cancelQueries({ queryKey })
  const before = client.getQueriesData<Of<T>[] | Of<T> | null>({ queryKey })
  for (const [key, data] of before) {
    const criteria = key[6]
    const everything = Object.keys((criteria as object | undefined) ?? {}).length === 0
    if (Array.isArray(data)) client.setQueryData(key, change(data, everything))
    else if (data) client.setQueryData(key, change([data], false)[0])
  }
  return () => {
    for (const [key, data] of before) client.setQueryData(key, data)
  }
}
