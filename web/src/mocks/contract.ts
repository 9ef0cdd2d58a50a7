import { HttpResponse } from 'msw'
import { world } from './world'

/** Thrown by a guard, answered by `answering`. */
export class Refusal extends Error {
  readonly response: Response
  constructor(response: Response) {
    super('refused')
    this.response = response
  }
}

export function problem(
  status: number,
  code: string,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) {
  const body = { type: 'about:blank', title: code, status, code, ...more }
  return new HttpResponse(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  })
}

const refuse = (...of: Parameters<typeof problem>): never => {
  throw new Refusal(problem(...of))
}

export const json = (body: object, status = 200, headers: Record<string, string> = {}) =>
  new HttpResponse(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  })

export const nothing = (status = 204, headers: Record<string, string> = {}) =>
  new HttpResponse(null, { status, headers })

interface Asked {
  request: Request
  params: Record<string, string | readonly string[] | undefined>
}

/** A resolver that may refuse, and whose being asked is remembered. */
export function answering(resolve: (asked: Asked) => Promise<Response> | Response) {
  return async (asked: Asked) => {
    world.asked.push(`${asked.request.method} ${new URL(asked.request.url).pathname}`)
    if (world.busy > 0) {
      world.busy--
      return problem(503, 'overloaded', {}, { 'Retry-After': '1' })
    }
    try {
      return await resolve(asked)
    } catch (error) {
      if (error instanceof Refusal) return error.response
      throw error
    }
  }
}

/** The fields of a body, every one of them text unless its example is not: unknown and missing ones are refused. */
export async function fields<Shape extends object>(
  request: Request,
  example: Shape,
  optional: (keyof Shape & string)[] = [],
): Promise<Shape> {
  if (request.headers.get('Content-Type') !== 'application/json') refuse(400, 'malformed')
  const body = (await request.json()) as Record<string, unknown>
  for (const key of Object.keys(body)) if (!(key in example)) refuse(400, 'unknown-field', { detail: key })
  for (const [key, value] of Object.entries(example)) {
    if (!(key in body) && optional.includes(key as keyof Shape & string)) continue
    if (typeof body[key] !== typeof value) refuse(400, 'malformed', { detail: key })
  }
  return body as Shape
}

/** The session, unless there is none or it is over. Every call but the one that asks about it extends it. */
export function findSession() {
  const { session } = world
  const now = Date.now()
  const over = session && (now > session.endsAt || now > session.usedAt + world.idleSeconds * 1000)
  if (over) world.session = null
  return over ? null : session
}

export function needSession({ extend = true, evenWithoutFactor = false } = {}) {
  const session = findSession()
  if (!session) throw new Refusal(problem(401, 'signed-out'))
  if (!evenWithoutFactor && world.factorRequired && session.strength === 'password')
    refuse(403, 'second-factor-required')
  if (extend) session.usedAt = Date.now()
  return session
}

/** A token is good for its action, once. */
export function needStepUp(request: Request, action: string) {
  const token = request.headers.get('Lamplight-Step-Up') ?? ''
  if (world.stepUps.get(token) !== action) refuse(403, 'step-up-required', { action })
  world.stepUps.delete(token)
}

export function needContext(request: Request) {
  needSession()
  const id = request.headers.get('Lamplight-Context')
  const open = world.open.find((it) => it.context === id)
  const post = world.memberships.find(
    (it) => it.organization.slug === open?.organization && it.membership === open.membership,
  )
  if (!open || !post) throw new Refusal(problem(403, 'no-context'))
  return { open, post, echo: { 'Lamplight-Context': world.wrongEcho ?? open.context } }
}

export function needPassword(password: string) {
  if (password.length < 12) refuse(400, 'password-too-short')
  if (password.length > 256) refuse(400, 'password-too-long')
  if (/password|lamplight/i.test(password)) refuse(400, 'password-breached')
}

export { refuse }

export function needVersion(request: Request, version: number) {
  if (request.headers.get('If-Match') !== `W/"${version}"`) refuse(412, '')
}
