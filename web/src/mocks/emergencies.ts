import { http } from 'msw'
import type { components } from '@/api/schema.gen'
import { answering, fields, json, needContext, needStepUp, refuse } from './contract'
import { world } from './world'

export type MockEmergency = components['schemas']['Emergency']

const HOUR = 3_600_000

export const makeEmergencies = (now = Date.now()): MockEmergency[] => {
  const at = (hours: number) => new Date(now + hours * HOUR).toISOString()
  const one = (n: number, some: Partial<MockEmergency>): MockEmergency => ({
    emergency: `0195f2a0-0000-7000-8000-00000000e00${n}`,
    patient: `0195f2a0-0000-7000-8000-00000000f00${n}`,
    facility: 'rose',
    membership: 4,
    name: 'Jonas Wetherby',
    opened_at: at(-0.5),
    ends_at: at(0.25),
    reason: 'Found on the floor, does not answer. Allergies?',
    review: null,
    ...some,
  })
  return [
    one(1, {}),
    one(2, { facility: 'elm', membership: 6, name: 'Pia Brandt', opened_at: at(-30), ends_at: at(-29) }),
    one(3, { membership: 3, name: 'Amara Osei', opened_at: at(-0.2), reason: 'Choking at lunch' }),
    one(4, {
      opened_at: at(-80),
      ends_at: at(-79),
      reason: 'Fell in the garden',
      review: { at: at(-70), by: 1, verdict: 'justified', note: 'Right to look at once.' },
    }),
  ]
}

function theOne(id: unknown): MockEmergency {
  return world.emergencies.find((it) => it.emergency === id) ?? refuse(404, 'not-found')
}

function needs(request: Request, ...permissions: string[]) {
  const found = needContext(request)
  if (!permissions.some((it) => found.post.permissions.includes(it))) refuse(403, 'forbidden')
  return found
}

const done = (headers: Record<string, string>) => new Response(null, { status: 204, headers })

export const emergencyHandlers = [
  http.get(
    '*/api/emergency-access',
    answering(({ request }) => {
      const { post, echo } = needs(request, 'emergency.review', 'emergency.access')
      const all = post.permissions.includes('emergency.review')
      const emergencies = world.emergencies
        .filter((it) => all || it.membership === post.membership)
        .toSorted(
          (a, b) =>
            Number(a.review !== null) - Number(b.review !== null) || b.opened_at.localeCompare(a.opened_at),
        )
      return json({ emergencies }, 200, echo)
    }),
  ),
  http.post(
    '*/api/emergency-access/:emergency/review',
    answering(async ({ request, params }) => {
      const { post, echo } = needs(request, 'emergency.review')
      const { verdict, note } = await fields(request, { verdict: '', note: '' }, ['note'])
      needStepUp(request, 'emergency.review')
      const justified = verdict === 'justified'
      if (!justified && verdict !== 'not-justified') refuse(400, 'invalid', { detail: 'verdict: neither' })
      if ([...(note ?? '')].length > 500) refuse(400, 'invalid', { detail: 'note: 500 characters at most' })
      const found = theOne(params.emergency)
      // Of the person, by whichever of their posts.
      const own = world.memberships.filter((it) => it.organization.slug === post.organization.slug)
      if (own.some((it) => it.membership === found.membership)) refuse(403, '')
      if (found.review) refuse(409, 'already-reviewed')
      const at = new Date().toISOString()
      found.review = {
        at,
        by: post.membership,
        verdict: justified ? 'justified' : 'not-justified',
        note: note ?? '',
      }
      if (!justified && found.ends_at > at) found.ends_at = at
      return done(echo)
    }),
  ),
  http.delete(
    '*/api/emergency-access/:emergency',
    answering(({ request, params }) => {
      const { post, echo } = needs(request, 'emergency.access')
      const found = theOne(params.emergency)
      const now = new Date().toISOString()
      if (found.membership !== post.membership || found.ends_at <= now) refuse(404, 'not-found')
      found.ends_at = now
      return done(echo)
    }),
  ),
]
