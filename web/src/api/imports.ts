import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']
export type SheetImport = Schemas['SheetImport']
export type SheetProgress = Schemas['SheetProgress']
export type SheetColumns = Schemas['SheetColumns']
export type SheetRow = Schemas['SheetRow']
export type Mapping = Schemas['Mapping']
export type Kind = SheetImport['kind']
export type State = SheetImport['state']

export const KINDS: readonly Kind[] = ['patients', 'contacts', 'medications', 'allergies', 'notes']
/** Which rows are looked at. */
export const ONLY = ['fault', 'alike', 'created', 'changed', 'same', 'differs', 'left'] as const
export type Only = (typeof ONLY)[number]

/** How often an import that is worked on is looked at, in milliseconds. */
const AGAIN = 1_000

export const isWorking = (state: State) => ['checking', 'running', 'undoing'].includes(state)

const one = (id: string) => `/api/imports/${encodeURIComponent(id)}`

/** The imports of one context. */
export const importsOf = (context: string) => ({
  async send(file: File, kind: Kind, facility: string): Promise<string> {
    const text = {
      type: 'application/json',
      content: file,
      headers: { 'Content-Type': 'application/octet-stream', 'Lamplight-Facility': facility },
    }
    const sent = await http.raw('POST', `/api/imports?kind=${kind}`, text, { context })
    return (JSON.parse(sent.text) as Schemas['SheetSent']).import
  },
  check: (id: string, mapping: Mapping) => http.post(`${one(id)}/check`, mapping, { context }),
  run: (id: string) => http.post(`${one(id)}/run`, {}, { context }),
  undo: (id: string) => http.post(`${one(id)}/undo`, {}, { context }),
  discard: (id: string) => http.delete(one(id), { context }),
  report: (id: string) => http.file(`${one(id)}/report`, 'text/csv', { context }),
})

export function importQueries(context: string) {
  const key = (...rest: string[]) => ['context', context, 'imports', ...rest]
  return {
    key: key(),
    list: () =>
      queryOptions({
        queryKey: key('list'),
        queryFn: () =>
          http.get<Schemas['SheetImports']>('/api/imports', { context }).then((it) => it.imports),
        refetchInterval: ({ state }) => (state.data?.some((it) => isWorking(it.state)) ? AGAIN : false),
      }),
    one: (id: string) =>
      queryOptions({
        queryKey: key('one', id),
        queryFn: () => http.get<SheetProgress>(one(id), { context }),
        refetchInterval: ({ state }) => (state.data && isWorking(state.data.state) ? AGAIN : false),
      }),
    columns: (id: string) =>
      queryOptions({
        queryKey: key('columns', id),
        queryFn: () => http.get<SheetColumns>(`${one(id)}/columns`, { context }),
        // Cells of the file are not kept longer than they are looked at.
        gcTime: 0,
      }),
    rows: (id: string, only: Only, state: State) =>
      infiniteQueryOptions({
        queryKey: key('rows', id, only, state),
        queryFn: ({ pageParam }) =>
          http.get<Schemas['SheetRows']>(`${one(id)}/rows?only=${only}&after=${pageParam}`, { context }),
        initialPageParam: 0,
        getNextPageParam: (page) => page.next,
      }),
  }
}
