import { LARGEST, putDocument, TAKEN, typeOf } from '@/api/documents'
import { ApiError, Unreachable } from '@/api/errors'
import type { DocumentCategory } from '@/api/types'
import type { documents } from '@/texts/en/documents'

/** A file that somebody chose, and what they say of it. */
export interface Chosen {
  key: number
  file: File
  title: string
  category: DocumentCategory
  date: string
}

export type Words = keyof typeof documents

/** How far a file has come. */
export type Progress =
  | { at: 'reading' | 'checking' | 'done' | 'cancelled' }
  | { at: 'sending'; part: number }
  | { at: 'failed'; says: Words; again: boolean }

export interface Upload extends Chosen {
  progress: Progress
}

/** What is wrong with a file before it is sent. */
export function faultOf(file: File): 'tooLarge' | 'empty' | 'wrongType' | null {
  if (file.size === 0) return 'empty'
  if (file.size > LARGEST) return 'tooLarge'
  return Object.hasOwn(TAKEN, typeOf(file)) ? null : 'wrongType'
}

/** A first title: the file's name without its ending. */
export const titleOf = (file: File) =>
  file.name
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replaceAll(/[_\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200)

/** A first guess of what it is. */
export const guess = (file: File): DocumentCategory => (typeOf(file).startsWith('image/') ? 'photo' : 'other')

const REASONS = [
  'missing',
  'length',
  'checksum',
  'content',
  'polyglot',
  'bomb',
  'macros',
  'infected',
  'expired',
] as const
/** What another try may mend. */
const MENDABLE = ['missing', 'length', 'checksum', 'expired']

function refusal(reason: string | null): Progress {
  const known = REASONS.find((one) => one === reason)
  const again = MENDABLE.includes(reason ?? '')
  return { at: 'failed', says: known ? `refused_${known}` : 'refused_other', again }
}

export function failure(error: unknown): Progress {
  const failed = (says: Words, again = true): Progress => ({ at: 'failed', says, again })
  if (error instanceof Unreachable) return failed('failed')
  if (!(error instanceof ApiError)) return failed('refused_other')
  if (error.code === 'scanner-unavailable') return failed('problem_scanner')
  if (error.code === 'storage-unavailable') return failed('problem_storage')
  if (error.status === 403 || error.status === 404) return failed('problem_forbidden', false)
  if (error.code === 'upload-failed') return failed('refused_missing')
  return failed('refused_other')
}

/** Puts one file into the record, telling how far it is. */
export async function put(
  where: { context: string; patient: string },
  { file, title, category, date }: Chosen,
  signal: AbortSignal,
  tell: (progress: Progress) => void,
): Promise<void> {
  tell({ at: 'reading' })
  try {
    const done = await putDocument(
      where,
      file,
      { title: title.trim(), category, date: date || null },
      {
        signal,
        progress: (part) => tell(part < 1 ? { at: 'sending', part } : { at: 'checking' }),
      },
    )
    tell(done.state === 'clean' ? { at: 'done' } : refusal(done.reason))
  } catch (error) {
    tell(signal.aborted ? { at: 'cancelled' } : failure(error))
  }
}
