import { http } from 'msw'
import type { Export } from '@/api/exports'
import { answering, fields, json, needContext, needStepUp, refuse } from './contract'
import { world } from './world'

const HOUR = 3_600_000

/** An export as it stands; what is not said is that of one that has just been asked for. */
export const makeExport = (some: Partial<Export> = {}): Export => ({
  export: crypto.randomUUID(),
  state: 'queued',
  reason: null,
  patients_only: false,
  types: null,
  since: null,
  asked_at: new Date().toISOString(),
  as_of: null,
  finished_at: null,
  expires_at: new Date(Date.now() + 24 * HOUR).toISOString(),
  types_done: 0,
  types_in_all: 146,
  records: 0,
  files: [],
  ...some,
})

/** One that is done, with a file of each of these types. */
export const doneExport = (...types: string[]): Export => {
  const one = makeExport({
    state: 'complete',
    as_of: new Date().toISOString(),
    types_done: 146,
    records: 1200,
  })
  const files = types.map((type, at) => ({
    type,
    deleted: false,
    records: 1200,
    bytes: 1_480_000,
    url: `/api/exports/${one.export}/files/${at + 1}`,
  }))
  return { ...one, files }
}

function mayExport(request: Request) {
  const found = needContext(request)
  if (!found.post.permissions.includes('chart.export')) refuse(403, 'forbidden')
  return found
}

const theOne = (id: unknown): Export =>
  world.exports.find((it) => it.export === id) ?? refuse(404, 'not-found')

export const exportHandlers = [
  http.get(
    '*/api/exports',
    answering(({ request }) => json({ exports: world.exports }, 200, mayExport(request).echo)),
  ),
  http.post(
    '*/api/exports',
    answering(async ({ request }) => {
      const { echo } = mayExport(request)
      const asked = await fields(request, { patients_only: false, since: '' }, ['patients_only', 'since'])
      needStepUp(request, 'chart.export')
      if (world.exports.filter((it) => it.state === 'queued').length >= 5) refuse(429, 'too-many-exports')
      const one = makeExport({ patients_only: asked.patients_only ?? false, since: asked.since ?? null })
      world.exports = [one, ...world.exports]
      return json({ export: one.export }, 201, echo)
    }),
  ),
  http.delete(
    '*/api/exports/:export',
    answering(({ request, params }) => {
      const { echo } = mayExport(request)
      const found = theOne(params.export)
      if (found.state === 'ended') refuse(found.reason === 'cancelled' ? 404 : 410, 'export-ended')
      Object.assign(found, { state: 'ended', reason: 'cancelled', files: [] })
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.get(
    '*/api/exports/:export/files/:file',
    answering(({ request, params }) => {
      const { echo } = mayExport(request)
      if (theOne(params.export).state !== 'complete') refuse(410, 'export-ended')
      const headers = { ...echo, 'Content-Type': 'application/fhir+ndjson' }
      return new Response('{"resourceType":"Patient"}\n', { headers })
    }),
  ),
]
