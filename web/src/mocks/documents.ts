import { HttpResponse, http } from 'msw'
import type { DocumentUpload, NewDocument } from '@/api/types'
import { answering, fields, json, needContext, nothing, problem, refuse } from './contract'
import { world } from './world'

const FILE = 'https://lamplight.health/fhir/document'
const TAKEN =
  /^(application\/pdf|image\/(jpeg|png|tiff|heic)|text\/plain|application\/vnd\.openxmlformats.*)$/
const SHOWN = /^(application\/pdf|image\/(jpeg|png)|text\/plain)$/

/** A file that was let in. */
export interface MockFile extends DocumentUpload {
  patient: string
  said: NewDocument
  bytes: ArrayBuffer | null
}

const theOne = (id: unknown): MockFile => {
  const found = world.files.find((it) => it.document === id)
  return found ?? refuse(404, 'not-found')
}

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

const told = ({ document, state, reason }: MockFile): DocumentUpload => ({ document, state, reason })

/** The record that a file becomes, as the server writes it. */
export function referenceOf({ document, patient, said }: Omit<MockFile, 'state' | 'reason' | 'bytes'>) {
  return {
    type: 'DocumentReference',
    id: document,
    version: 1,
    text: JSON.stringify({
      resourceType: 'DocumentReference',
      id: document,
      masterIdentifier: { system: FILE, value: document },
      status: 'current',
      category: [{ coding: [{ code: said.category }] }],
      subject: { reference: `Patient/${patient}` },
      date: new Date().toISOString(),
      description: said.title,
      author: [{ display: 'Head nurse' }],
      content: [
        {
          attachment: {
            contentType: said.content_type,
            url: `Binary/${document}`,
            size: said.size,
            title: said.file_name,
            creation: said.date ?? undefined,
          },
        },
      ],
    }),
  }
}

/** Files as the server takes and gives them: a way in for one, once; checked; a link that is good once. */
export const documentHandlers = [
  http.post(
    '*/api/patients/:patient/documents/uploads',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'chart.write')
      const example = {
        file_name: '',
        content_type: '',
        size: 0,
        sha256: '',
        title: '',
        category: '',
        date: '',
      }
      const body = (await request.clone().json()) as NewDocument
      if (body.date !== null) await fields(request, example)
      if (!TAKEN.test(body.content_type)) return problem(422, 'type-not-taken', {}, echo)
      if (!/^[0-9a-f]{64}$/.test(body.sha256)) return problem(400, 'invalid', {}, echo)
      const document = crypto.randomUUID()
      world.files.push({
        document,
        state: 'waiting',
        reason: null,
        patient: String(params.patient),
        said: body,
        bytes: null,
      })
      const headers = [
        { name: 'content-type', value: body.content_type },
        { name: 'if-none-match', value: '*' },
      ]
      const ticket = { document, url: `/api/uploads/${document}`, method: 'PUT', headers }
      return json({ ...ticket, expires_at: new Date(Date.now() + 900_000).toISOString() }, 201, echo)
    }),
  ),
  http.put(
    '*/api/uploads/:document',
    answering(async ({ request, params }) => {
      const file = theOne(params.document)
      if (file.bytes) return problem(404, 'not-found')
      await world.slow
      const bytes = await request.arrayBuffer()
      if (bytes.byteLength !== file.said.size) return problem(422, 'not-as-agreed')
      file.bytes = bytes
      return nothing(200)
    }),
  ),
  http.get(
    '*/api/documents/uploads/:document',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'chart.write')
      return json(told(theOne(params.document)), 200, echo)
    }),
  ),
  http.post(
    '*/api/documents/uploads/:document/complete',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'chart.write')
      const file = theOne(params.document)
      if (world.noScanner) return problem(503, 'scanner-unavailable', {}, echo)
      if (file.state === 'waiting') {
        const text = new TextDecoder().decode(file.bytes ?? undefined)
        const reason = !file.bytes
          ? 'missing'
          : text.includes('EICAR')
            ? 'infected'
            : text.trimStart().startsWith('<')
              ? 'content'
              : null
        Object.assign(file, { state: reason ? 'refused' : 'clean', reason })
        if (!reason) world.records.push(referenceOf(file))
      }
      return json(told(file), 200, echo)
    }),
  ),
  http.post(
    '*/api/documents/:document/links',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'chart.read')
      const { purpose } = await fields(request, { purpose: '' })
      const { document, said, state } = theOne(params.document)
      if (state !== 'clean') return problem(404, 'not-found', {}, echo)
      if (purpose === 'preview' && !SHOWN.test(said.content_type)) return problem(422, 'no-preview', {}, echo)
      const link = {
        url: `/api/documents/content/${request.headers.get('Lamplight-Context')}/${document}`,
        expires_at: new Date(Date.now() + 50_000).toISOString(),
        file_name: said.file_name,
        content_type: said.content_type,
        size: said.size,
      }
      return json(link, 200, echo)
    }),
  ),
  http.get(
    '*/api/documents/content/:context/:link',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'chart.read')
      const { bytes, said } = theOne(params.link)
      return new HttpResponse(bytes, { headers: { 'Content-Type': said.content_type, ...echo } })
    }),
  ),
]
