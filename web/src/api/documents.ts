import { ApiError, Unreachable } from './errors'
import type { DocumentReference } from './fhirTypes'
import { CONTEXT_HEADER, http } from './http'
import type { DocumentCategory, DocumentLink, DocumentUpload, NewDocument, UploadTicket } from './types'

/** The system of the master identifier of a document whose file is ours. */
const FILE = 'https://lamplight.health/fhir/document'

/** What is taken, by media type, and what the app can show of it. */
export const TAKEN = {
  'application/pdf': 'pdf',
  'image/jpeg': 'image',
  'image/png': 'image',
  'text/plain': 'text',
  'image/tiff': null,
  'image/heic': null,
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': null,
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': null,
} as const
export type Shown = 'pdf' | 'image' | 'text'
export const LARGEST = 50 * 1024 * 1024

export const CATEGORIES = [
  'laboratory',
  'imaging',
  'prescription',
  'discharge',
  'referral',
  'consent',
  'advance-directive',
  'insurance',
  'letter',
  'photo',
  'other',
] as const satisfies DocumentCategory[]

/** Why a document was marked as entered in error. */
export const STATUS_REASON = 'https://lamplight.health/fhir/StructureDefinition/status-reason'
export const whyOf = (it: DocumentReference): string | undefined =>
  it.extension?.find((one) => one.url === STATUS_REASON)?.valueString

/** Whether the document stands for a file that can be had, and not for words of its own. */
export const isFile = (it: DocumentReference): boolean => it.masterIdentifier?.system === FILE

export const attachmentOf = (it: DocumentReference) => it.content?.[0]?.attachment

export function shownAs(contentType: string | undefined): Shown | null {
  const bare = contentType?.split(';')[0] ?? ''
  return Object.hasOwn(TAKEN, bare) ? TAKEN[bare as keyof typeof TAKEN] : null
}

export const categoryOf = (it: DocumentReference): DocumentCategory => {
  const codes = (it.category ?? []).flatMap((one) => one.coding ?? []).map((one) => one.code)
  return CATEGORIES.find((one) => codes.includes(one)) ?? 'other'
}

/** The media type of a chosen file: browsers know some by their ending only. */
export function typeOf(file: File): string {
  if (file.type) return file.type
  const ending = file.name.toLowerCase().split('.').at(-1)
  const types: Record<string, string> = {
    heic: 'image/heic',
    txt: 'text/plain',
    tif: 'image/tiff',
    tiff: 'image/tiff',
  }
  return types[ending ?? ''] ?? ''
}

const hex = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')

export async function describe(
  file: File,
  said: Pick<NewDocument, 'title' | 'category' | 'date'>,
): Promise<NewDocument> {
  const sum = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return { ...said, file_name: file.name, content_type: typeOf(file), size: file.size, sha256: hex(sum) }
}

/** Opens, sends and completes one upload; the id of the document, or what the check said against it. */
export async function putDocument(
  { context, patient }: { context: string; patient: string },
  file: File,
  said: Pick<NewDocument, 'title' | 'category' | 'date'>,
  { signal, progress }: { signal: AbortSignal; progress(part: number): void },
): Promise<DocumentUpload> {
  const described = await describe(file, said)
  signal.throwIfAborted()
  const path = `/api/patients/${encodeURIComponent(patient)}/documents/uploads`
  const ticket = await http.post<UploadTicket>(path, described, { context })
  signal.throwIfAborted()
  await send(ticket, file, signal, progress)
  const upload = `/api/documents/uploads/${ticket.document}`
  let done = await http.post<DocumentUpload>(`${upload}/complete`, {}, { context })
  while (done.state === 'checking' || done.state === 'waiting') {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    signal.throwIfAborted()
    done = await http.get<DocumentUpload>(upload, { context, signal })
  }
  return done
}

/**
 * The bytes, by themselves: they may go to a store of another origin, and take neither cookie nor context. Only
 * XMLHttpRequest tells how far a body has come.
 */
function send(ticket: UploadTicket, file: File, signal: AbortSignal, progress: (part: number) => void) {
  return new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => {
      request.abort()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop)
    request.open(ticket.method, ticket.url)
    for (const { name, value } of ticket.headers) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total)
    }
    request.onload = () =>
      request.status >= 200 && request.status < 300
        ? resolve()
        : reject(new ApiError(request.status, { code: 'upload-failed' }))
    request.onerror = () => reject(new Unreachable('no answer'))
    request.onloadend = () => signal.removeEventListener('abort', stop)
    request.send(file)
  })
}

/** The bytes of a document, by a link that is good for this once. */
export async function getDocument(
  { context, document }: { context: string; document: string },
  purpose: 'preview' | 'download',
  signal?: AbortSignal,
): Promise<{ blob: Blob; link: DocumentLink }> {
  const link = await http.post<DocumentLink>(`/api/documents/${document}/links`, { purpose }, { context })
  const answer = await fetch(link.url, {
    headers: { [CONTEXT_HEADER]: context, Accept: '*/*' },
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
    signal,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Unreachable('no answer')
  })
  if (!answer.ok) throw new ApiError(answer.status, {})
  // It breaks off when the right to it ends meanwhile.
  const bytes = await answer.arrayBuffer().catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Unreachable('broken off')
  })
  return { blob: new Blob([bytes], { type: link.content_type }), link }
}
