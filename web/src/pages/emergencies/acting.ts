import { ApiError } from '@/api/errors'
import type { Emergency } from '@/api/types'

/** How what came of an act is told. */
export const kinds = { judged: 'good', ended: 'good', over: 'info', already: 'warn', gone: 'warn' } as const

/** What came of an act, and what was typed for it in vain. */
export interface Said {
  how: keyof typeof kinds
  name: string
  unsaved?: string
}

/** What is done with one emergency; the list begins anew with what came of it. */
export interface Acting {
  emergency: Emergency
  /** The id of the heading that names it. */
  labelledBy: string
  onDone(what: Said): Promise<void>
}

export const isGone = (error: unknown) => error instanceof ApiError && error.status === 404
