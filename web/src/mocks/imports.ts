import { http } from 'msw'
import type { Mapping, SheetColumns, SheetProgress, SheetRow } from '@/api/imports'
import { answering, json, needContext, refuse } from './contract'

/** The one sheet there is, and what was said of its columns. */
export const desk: {
  sheet: SheetProgress | null
  columns: SheetColumns
  rows: SheetRow[]
  said: Mapping | null
} = { sheet: null, columns: noColumns(), rows: [], said: null }

function noColumns(): SheetColumns {
  return { columns: [], fields: [], dates: 'month-first', source: 'spreadsheet', remembered: false }
}

/** A sheet as it was just sent; what is not said is of one of three residents. */
export const makeSheet = (some: Partial<SheetProgress> = {}): SheetProgress => ({
  import: crypto.randomUUID(),
  kind: 'patients',
  state: 'sent',
  reason: null,
  rows: 3,
  reached: 0,
  facility: 'Maple Court',
  source: null,
  by: 'Ann Ortiz',
  sent_at: new Date().toISOString(),
  finished_at: null,
  kept_until: new Date(Date.now() + 86_400_000).toISOString(),
  created: 0,
  changed: 0,
  same: 0,
  faulty: 0,
  alike: 0,
  differing: 0,
  faults: [],
  compared: [],
  withdrawn: 0,
  left: 0,
  ...some,
})

function mayImport(request: Request) {
  const found = needContext(request)
  if (!found.post.permissions.includes('sheets.import')) refuse(403, 'forbidden')
  return found
}

const theOne = (id: unknown): SheetProgress =>
  desk.sheet?.import === id && desk.sheet ? desk.sheet : refuse(404, 'not-found')

const moves = (what: string, from: readonly string[], to: SheetProgress['state'], then: () => void) =>
  http.post(
    `*/api/imports/:import/${what}`,
    answering(({ request, params }) => {
      const { echo } = mayImport(request)
      const found = theOne(params.import)
      if (!from.includes(found.state)) refuse(409, 'import-state')
      found.state = to
      then()
      return new Response(null, { status: 202, headers: echo })
    }),
  )

export const importHandlers = [
  http.get(
    '*/api/imports',
    answering(({ request }) =>
      json({ imports: desk.sheet ? [desk.sheet] : [] }, 200, mayImport(request).echo),
    ),
  ),
  http.get(
    '*/api/imports/:import',
    answering(({ request, params }) => {
      const { echo } = mayImport(request)
      return json(theOne(params.import), 200, echo)
    }),
  ),
  http.get(
    '*/api/imports/:import/columns',
    answering(({ request, params }) => {
      const { echo } = mayImport(request)
      theOne(params.import)
      return json(desk.columns, 200, echo)
    }),
  ),
  http.get(
    '*/api/imports/:import/rows',
    answering(({ request, params }) => {
      const { echo } = mayImport(request)
      theOne(params.import)
      const only = new URL(request.url).searchParams.get('only')
      const fits = (row: SheetRow) => (only === 'alike' ? row.alike.length > 0 : row.outcome === only)
      return json({ rows: desk.rows.filter(fits), next: null }, 200, echo)
    }),
  ),
  http.post(
    '*/api/imports/:import/check',
    answering(async ({ request, params }) => {
      const { echo } = mayImport(request)
      desk.said = (await request.json()) as Mapping
      Object.assign(theOne(params.import), { state: 'checked', created: 2, faulty: 1 })
      return new Response(null, { status: 202, headers: echo })
    }),
  ),
  moves('run', ['checked', 'failed'], 'done', () => {}),
  moves('undo', ['done', 'failed'], 'undone', () =>
    Object.assign(desk.sheet ?? {}, { withdrawn: 1, left: 1 }),
  ),
]
