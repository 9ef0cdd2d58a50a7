import { ApiError, ContextMismatch, Declined, parseRetryAfter, Unreachable } from './errors'
import { notices } from './notices'

export const CONTEXT_HEADER = 'Lamplight-Context'
export const PURPOSE_HEADER = 'Lamplight-Purpose'
export const STEP_UP_HEADER = 'Lamplight-Step-Up'
/** What has to be said with what an answer shows. */
export const NOTICE_HEADER = 'Lamplight-Notice'

/** How long the new cookie may take to arrive, in milliseconds. */
const TURN = 150

/** Once a new cookie has arrived. */
export async function later<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  await new Promise((resolve) => setTimeout(resolve, TURN))
  return ask()
}

/** What the app does when an answer concerns more than its caller. */
export interface Hooks {
  /** The session is over. */
  signedOut(): void
  /** Nothing else works before a second factor is set up. */
  secondFactorRequired(): void
  /** An answer came for another context: the app stops. */
  contextMismatch(): void
  /** Asks the person for proof: a token for one use, or a rejection with `Declined`. */
  stepUp(action: string): Promise<string>
  /** Whether the server was reached. */
  reached(yes: boolean): void
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

interface Request {
  method?: Method
  body?: object
  context?: string
  /** The version that the change starts from, or the tag that stands for it. */
  version?: number | string
  signal?: AbortSignal
  /** The caller asks whether there is a session: that there is none is an answer, not news. */
  quiet?: boolean
  /** In place of `body`: a text as it is, of this type; the answer too is then given as it came. */
  text?: {
    type: string
    content?: string | Blob
    headers?: Record<string, string>
    /** The answer holds no data and need not say its context; another's is refused all the same. */
    dataless?: true
  }
  /** The answer is a file of this type. */
  file?: string
}

/** An answer as it came. */
export interface Raw {
  text: string
  etag: string | null
}

const ignore: Hooks = {
  signedOut() {},
  secondFactorRequired() {},
  contextMismatch() {},
  stepUp: () => Promise.reject(new Declined('nobody to ask')),
  reached() {},
}

/**
 * FHIR's outcomes carry no word of ours. That nobody is signed in is the same news there; a post that may not do a thing
 * is told so as `forbidden`, so another 403 is about the context itself.
 */
function codeOfOutcome(status: number, { issue }: Record<string, unknown>): string {
  if (status === 401) return 'signed-out'
  const first: unknown = Array.isArray(issue) ? issue[0] : undefined
  const forbidden = first && typeof first === 'object' && 'code' in first && first.code === 'forbidden'
  return status === 403 && !forbidden ? 'context-refused' : ''
}

/** The one place that talks to the server. */
class Http {
  private connected: Partial<Hooks>[] = []
  private skew = 0

  /** Patients whose restricted records are looked at for a legal reason, until the page is loaded anew. */
  readonly legal = new Set<string>()

  /** The latest one connected is asked first. Returns what lets go again. */
  connect(hooks: Partial<Hooks>): () => void {
    this.connected = [hooks, ...this.connected]
    return () => {
      this.connected = this.connected.filter((it) => it !== hooks)
    }
  }

  private get hooks(): Hooks {
    return Object.assign({}, ignore, ...this.connected.toReversed())
  }

  /** The server's clock, in milliseconds, as well as the last answer tells it. */
  now(): number {
    return Date.now() + this.skew
  }

  get<Answer>(path: string, options: Pick<Request, 'context' | 'signal' | 'quiet'> = {}): Promise<Answer> {
    return this.send<Answer>(path, options)
  }

  post<Answer = void>(
    path: string,
    body: object = {},
    options: { context?: string; version?: number | string; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    return this.send<Answer>(path, { ...options, method: 'POST', body })
  }

  put<Answer = void>(
    path: string,
    body: object,
    options: { context?: string; version?: number | string } = {},
  ): Promise<Answer> {
    return this.send<Answer>(path, { ...options, method: 'PUT', body })
  }

  delete(path: string, options: { context?: string; version?: number } = {}): Promise<void> {
    return this.send<void>(path, { ...options, method: 'DELETE' })
  }

  /** What is no JSON of ours but has a form of its own, such as FHIR. */
  raw(
    method: Method,
    path: string,
    text: NonNullable<Request['text']>,
    options: { context: string; signal?: AbortSignal },
  ): Promise<Raw> {
    return this.send<Raw>(path, { ...options, method, text })
  }

  /** A file, as it is. */
  file(path: string, type: string, options: { context: string }): Promise<Blob> {
    return this.send<Blob>(path, { ...options, file: type })
  }

  /** Sends, and when the server wants proof asks for it and sends once more with it. */
  private async send<Answer>(path: string, request: Request): Promise<Answer> {
    try {
      return await this.sure<Answer>(path, request)
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'step-up-required' && error.action)) throw error
      const token = await this.hooks.stepUp(error.action)
      return await this.sure<Answer>(path, request, token)
    }
  }

  /** A step-up turns the cookie, in every tab: what was under way with the old one is asked once more with the new. */
  private async sure<Answer>(path: string, request: Request, stepUp?: string): Promise<Answer> {
    try {
      return await this.once<Answer>(path, request, stepUp)
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'signed-out')) throw error
    }
    try {
      return await later(() => this.once<Answer>(path, request, stepUp))
    } catch (error) {
      if (error instanceof ApiError && error.code === 'signed-out' && !request.quiet) this.hooks.signedOut()
      throw error
    }
  }

  private async once<Answer>(path: string, request: Request, stepUp?: string): Promise<Answer> {
    const headers = new Headers({ Accept: 'application/json, application/problem+json' })
    if (request.body) headers.set('Content-Type', 'application/json')
    if (request.context) headers.set(CONTEXT_HEADER, request.context)
    if (request.version !== undefined)
      headers.set(
        'If-Match',
        typeof request.version === 'string' ? request.version : `W/"${request.version}"`,
      )
    if (stepUp) headers.set(STEP_UP_HEADER, stepUp)
    for (const id of this.legal)
      if (`${path} ${request.text?.content}`.includes(id)) headers.set(PURPOSE_HEADER, 'HLEGAL')
    if (request.file) headers.set('Accept', `${request.file}, application/problem+json`)
    if (request.text) {
      headers.set('Accept', request.text.type)
      for (const [name, value] of Object.entries(request.text.headers ?? {})) headers.set(name, value)
    }

    let answer: Response
    try {
      answer = await fetch(path, {
        method: request.method ?? 'GET',
        headers,
        body: request.text ? request.text.content : request.body ? JSON.stringify(request.body) : undefined,
        signal: request.signal,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
      })
    } catch (error) {
      if (request.signal?.aborted) throw error
      this.hooks.reached(false)
      throw new Unreachable('no answer')
    }
    this.hooks.reached(true)
    this.readClock(answer)
    this.checkContext(request.context, answer, request.text?.dataless)
    if (request.context) notices.note(request.context, answer.headers.get(NOTICE_HEADER))

    if (!answer.ok) throw await this.problem(answer)
    if (request.file) return (await answer.blob()) as Answer
    const text = await answer.text()
    if (request.text) return { text, etag: answer.headers.get('ETag') } as Answer
    return (text ? JSON.parse(text) : undefined) as Answer
  }

  private async problem(answer: Response): Promise<ApiError> {
    const body: unknown = await answer.json().catch(() => null)
    const fields = body && typeof body === 'object' ? (body as Record<string, unknown>) : {}
    const wait = parseRetryAfter(answer.headers.get('Retry-After'), this.now())
    if (fields.resourceType === 'OperationOutcome') fields.code = codeOfOutcome(answer.status, fields)
    // What stands in a context does not say it by a code of its own.
    if (answer.status === 401) fields.code ??= 'signed-out'
    const error = new ApiError(answer.status, fields, wait)
    if (error.code === 'second-factor-required') this.hooks.secondFactorRequired()
    return error
  }

  /** A success must say the context it is of; a refusal may say none, but never another. */
  private checkContext(asked: string | undefined, answer: Response, dataless = false) {
    if (!asked) return
    const echoed = answer.headers.get(CONTEXT_HEADER)
    if (echoed === asked || (echoed === null && (dataless || !answer.ok))) return
    this.hooks.contextMismatch()
    throw new ContextMismatch('the answer was for another context')
  }

  private readClock(answer: Response) {
    const date = Date.parse(answer.headers.get('Date') ?? '')
    // The field counts whole seconds: a smaller difference is no difference.
    if (Number.isFinite(date)) this.skew = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now()
  }
}

export const http = new Http()
