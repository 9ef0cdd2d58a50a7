import { http } from 'msw'
import type { SupportRequest } from '@/api/types'
import { answering, fields, json, needContext, needStepUp, refuse } from './contract'
import { world } from './world'

const MINUTE = 60_000

/** What support asked for: one waits, one runs, one is over. */
export const makeSupport = (now = Date.now()): SupportRequest[] => {
  const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString()
  const one = (n: number, some: Partial<SupportRequest>): SupportRequest => ({
    request: `0195f2a0-0000-7000-8000-00000000a00${n}`,
    state: 'waiting',
    by: 'Olga Marsh',
    reason: 'The list of patients stays empty for them.',
    asked_at: at(-20),
    minutes: 60,
    write: true,
    wanted: null,
    decided: null,
    granted: null,
    ended_at: null,
    ...some,
  })
  const granted = { membership: 4, for: 'Jonas Wetherby', minutes: 30, write: false }
  return [
    one(1, {}),
    one(2, {
      state: 'running',
      by: 'Paul Reyes',
      decided: { at: at(-10), by: 'Ines Calder' },
      granted: { ...granted, ends_at: at(20), events: 12 },
    }),
    one(3, {
      state: 'over',
      by: 'Paul Reyes',
      reason: 'A form could not be saved.',
      asked_at: at(-3000),
      decided: { at: at(-2990), by: 'Ines Calder' },
      granted: { ...granted, ends_at: at(-2960), events: 3 },
    }),
  ]
}

function theOne(id: unknown): SupportRequest {
  return world.support.find((it) => it.request === id) ?? refuse(404, 'not-found')
}

function manages(request: Request) {
  const found = needContext(request)
  if (!found.post.permissions.includes('organization.manage')) refuse(403, 'forbidden')
  return found
}

const done = (headers: Record<string, string>) => new Response(null, { status: 204, headers })

export const supportHandlers = [
  http.get(
    '*/api/support',
    answering(({ request }) => {
      const { post, echo } = needContext(request)
      const may = ['organization.manage', 'audit.report'].some((it) => post.permissions.includes(it))
      if (!may) refuse(403, 'forbidden')
      return json({ requests: world.support }, 200, echo)
    }),
  ),
  http.post(
    '*/api/support/:request/approve',
    answering(async ({ request, params }) => {
      const { echo } = manages(request)
      const asked = await fields(request, { membership: 0, minutes: 0, write: false }, ['write'])
      needStepUp(request, 'support.approve')
      const found = theOne(params.request)
      if (found.state !== 'waiting') refuse(409, 'support-decided')
      const target = world.posts.find((it) => it.membership === asked.membership && it.kind === 'staff')
      if (!target || asked.minutes < 5 || asked.minutes > found.minutes || (asked.write && !found.write))
        return refuse(400, 'invalid')
      const now = Date.now()
      found.state = 'running'
      found.decided = { at: new Date(now).toISOString(), by: world.person.name }
      const ends_at = new Date(now + asked.minutes * MINUTE).toISOString()
      found.granted = { ...asked, write: asked.write ?? false, for: target.name, ends_at, events: 0 }
      return json({ membership: 40, ends_at }, 200, echo)
    }),
  ),
  http.post(
    '*/api/support/:request/refuse',
    answering(({ request, params }) => {
      const { echo } = manages(request)
      const found = theOne(params.request)
      if (found.state !== 'waiting') refuse(409, 'support-decided')
      found.state = 'refused'
      found.decided = { at: new Date().toISOString(), by: world.person.name }
      return done(echo)
    }),
  ),
  http.post(
    '*/api/support/:request/end',
    answering(({ request, params }) => {
      const { post, echo } = needContext(request)
      const own = post.support?.request === params.request
      if (!own) manages(request)
      const found = world.support.find((it) => it.request === params.request)
      if (!own && found?.state !== 'running') refuse(404, 'not-found')
      if (found) Object.assign(found, { state: 'over', ended_at: new Date().toISOString() })
      if (own) world.memberships = world.memberships.filter((it) => it !== post)
      return done(echo)
    }),
  ),
]
