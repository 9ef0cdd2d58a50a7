import { http } from 'msw'
import type { Erasure, RecordKeeping } from '@/api/erasures'
import { answering, fields, json, needContext, needStepUp, refuse } from './contract'
import { patientId } from './records'
import { world } from './world'

/** What is kept of the one patient whose record is decided about. */
export type MockKept = RecordKeeping & { patient: string }

export const makeKept = (): MockKept => ({
  patient: patientId(1),
  restriction: null,
  holds: [],
  kept_until: '2024-03-01T00:00:00Z',
  in_the_way: [],
  erasure_days: 7,
  erasures: [],
  erased_at: null,
})

const NOW = '2026-11-22T09:00:00Z'
const done = (headers: Record<string, string>) => new Response(null, { status: 204, headers })

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

function theErasure(id: unknown): Erasure {
  return world.kept.erasures.find((it) => it.erasure === id) ?? refuse(404, 'not-found')
}

function standing() {
  const held = world.kept.holds.some((it) => !it.released_at)
  world.kept.in_the_way = held ? ['hold'] : []
}

const close = (ground: NonNullable<RecordKeeping['restriction']>['ground']) => {
  world.kept.restriction = {
    restriction: crypto.randomUUID(),
    patient: world.kept.patient,
    facility: 'rose',
    ground,
    by: 'Amara Osei',
    since: NOW,
  }
}

export const erasureHandlers = [
  http.get(
    '*/api/patients/:patient/restriction',
    answering(({ request }) => {
      const { post, echo } = needs(request, 'chart.read')
      const { restriction } = world.kept
      if (world.kept.erased_at) refuse(410, 'record-erased')
      const may_look = post.permissions.includes('records.restricted')
      return json(
        { restricted: restriction !== null, since: restriction?.since ?? null, may_look },
        200,
        echo,
      )
    }),
  ),
  http.get(
    '*/api/patients/:patient/keeping',
    answering(({ request }) => json(world.kept, 200, needs(request, 'records.keep').echo)),
  ),
  http.get(
    '*/api/erasures',
    answering(({ request }) => {
      const { echo } = needs(request, 'records.keep')
      const { patient, restriction, holds, erasures } = world.kept
      const list = {
        erasures,
        restrictions: restriction ? [restriction] : [],
        holds: holds.filter((it) => !it.released_at),
        patients: [{ patient, name: 'Ines Marchetti' }],
      }
      return json(list, 200, echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/restriction',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'records.keep')
      await fields(request, { ground: '' })
      close('accuracy')
      return done(echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/restriction/lift',
    answering(({ request }) => {
      const { echo } = needs(request, 'records.keep')
      world.kept.restriction = null
      return done(echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/holds',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'records.keep')
      const { matter } = await fields(request, { kind: '', matter: '' })
      const hold = crypto.randomUUID()
      world.kept.holds.push({
        hold,
        patient: world.kept.patient,
        facility: 'rose',
        kind: 'litigation',
        matter,
        placed_by: 'Amara Osei',
        placed_at: NOW,
        released_by: null,
        released_at: null,
      })
      standing()
      return json({ hold }, 201, echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/holds/:hold/release',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'records.keep')
      for (const hold of world.kept.holds)
        if (hold.hold === params.hold) Object.assign(hold, { released_at: NOW, released_by: 'Amara Osei' })
      standing()
      return done(echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/erasures',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'records.erase')
      await fields(request, { ground: '' })
      needStepUp(request, 'records.erase')
      const erasure = crypto.randomUUID()
      world.kept.erasures.unshift({
        erasure,
        patient: world.kept.patient,
        facility: 'rose',
        ground: 'request',
        state: 'asked',
        asked_by: 'Amara Osei',
        asked_at: NOW,
        own: true,
        decided_by: null,
        decided_at: null,
        due_at: null,
        ended_at: null,
      })
      return json({ erasure }, 201, echo)
    }),
  ),
  http.post(
    '*/api/erasures/:erasure/decision',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'records.approve')
      const { approved } = await fields(request, { approved: false })
      needStepUp(request, 'records.erase')
      const found = theErasure(params.erasure)
      if (found.own) refuse(409, 'erasure-own')
      Object.assign(found, { decided_by: 'Amara Osei', decided_at: NOW })
      found.state = approved ? 'approved' : 'refused'
      if (approved) {
        found.due_at = '2026-11-29T09:00:00Z'
        close('erasure')
      } else found.ended_at = NOW
      return done(echo)
    }),
  ),
  http.post(
    '*/api/erasures/:erasure/withdraw',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'records.erase')
      Object.assign(theErasure(params.erasure), { state: 'withdrawn', ended_at: NOW })
      if (world.kept.restriction?.ground === 'erasure') world.kept.restriction = null
      return done(echo)
    }),
  ),
]
