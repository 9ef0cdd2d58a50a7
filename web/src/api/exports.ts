import { queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']
export type Export = Schemas['Export']
export type ExportFile = Schemas['ExportFile']
export type NewExport = Schemas['NewExport']

/** How often an export that goes on is looked at, in milliseconds. */
const AGAIN = 2_000

const goesOn = (it: Export) => it.state === 'queued' || it.state === 'running'

const one = (id: string) => `/api/exports/${encodeURIComponent(id)}`

/** The exports of one context. */
export const exportsOf = (context: string) => ({
  ask: (asked: NewExport) => http.post<{ export: string }>('/api/exports', asked, { context }),
  cancel: (id: string) => http.delete(one(id), { context }),
  file: (url: string) => http.file(url, 'application/fhir+ndjson', { context }),
})

export const exportQuery = (context: string) =>
  queryOptions({
    queryKey: ['context', context, 'exports'],
    queryFn: () => http.get<{ exports: Export[] }>('/api/exports', { context }).then((it) => it.exports),
    refetchInterval: ({ state }) => (state.data?.some(goesOn) ? AGAIN : false),
  })
