/** An answer that is not a success: RFC 9457, with Lamplight's stable `code`. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** The stable short word, or '' when the answer had none. */
  readonly code: string
  readonly detail: string
  /** The action a step-up is wanted for. */
  readonly action: string | undefined
  /** Seconds to wait before asking again. */
  readonly retryAfter: number | undefined
  /** All that was said: for members that a code has of its own. */
  readonly problem: Readonly<Record<string, unknown>>

  constructor(status: number, problem: Record<string, unknown>, retryAfter?: number) {
    const word = (key: string) => (typeof problem[key] === 'string' ? problem[key] : '')
    super(word('title') || `HTTP ${status}`)
    this.status = status
    this.code = word('code')
    this.detail = word('detail')
    this.action = word('action') || undefined
    this.retryAfter = retryAfter
    this.problem = problem
  }
}

/** No answer came: offline, or the server cannot be reached. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The answer was for another context than the one asked in. Nothing of it may be shown. */
export class ContextMismatch extends Error {
  override name = 'ContextMismatch'
}

/** The person closed the dialog that asked for proof. Not an error to show. */
export class Declined extends Error {
  override name = 'Declined'
}

export function hasCode(error: unknown, ...codes: string[]): error is ApiError {
  return error instanceof ApiError && codes.includes(error.code)
}

/** The value of a Retry-After field: seconds, or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (!value) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined
}
