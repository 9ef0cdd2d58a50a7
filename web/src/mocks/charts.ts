import { http } from 'msw'
import type { Encounter, Patient } from '@/api/fhirTypes'
import { edited } from '@/api/json'
import { answering, json, needContext, needStepUp, refuse } from './contract'
import type { MockRecord } from './records'
import { world } from './world'

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

const parsed = <R>(record: MockRecord) => JSON.parse(record.text) as R

const CODES = {
  'icd-10': [
    { code: 'I10', display: 'Essential (primary) hypertension' },
    { code: 'I48.91', display: 'Unspecified atrial fibrillation' },
    { code: 'E11.9', display: 'Type 2 diabetes mellitus without complications' },
  ],
  cvx: [
    { code: '135', display: 'influenza, high dose seasonal, preservative-free' },
    { code: '113', display: 'Td (adult) preservative free' },
  ],
}

function stayOf(record: MockRecord) {
  const it = parsed<Encounter & { hospitalization?: object; subject?: { reference?: string } }>(record)
  const place = (status: string) =>
    it.location?.find((one) => !one.period?.end && (one.status ?? 'active') === status)?.location.display ??
    null
  const away = it.status === 'onleave'
  return {
    stay: record.id,
    patient: it.subject?.reference?.split('/')[1] ?? '',
    version: `W/"${record.version}"`,
    status: it.status,
    from: it.period?.start ?? null,
    until: it.period?.end ?? null,
    room: place(away ? 'reserved' : 'active'),
    away: away ? place('active') : null,
    reason: it.reasonCode?.[0]?.text ?? null,
    at: 'Rosewood House',
    disposition: null,
    destination: null,
    places: (it.location ?? []).map((one) => ({
      name: one.location.display ?? null,
      status: one.status ?? null,
      from: one.period?.start ?? null,
      until: one.period?.end ?? null,
    })),
    past: [],
  }
}

const encounters = () => world.records.filter((it) => it.type === 'Encounter')
const isCurrent = (stay: { status: string }) => ['in-progress', 'onleave'].includes(stay.status)
const staysOf = (patient: unknown) =>
  encounters()
    .map(stayOf)
    .filter((it) => it.patient === patient)

type Turned = { status?: string; location?: object[]; period?: object }

/** A coming or going of the stay in the address, from the version that was seen. */
const turn = (what: string, change: (it: Encounter, asked: Record<string, unknown>) => Turned) =>
  http.post(
    `*/api/patients/:patient/stays/:stay/${what}`,
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'chart.write')
      const asked = (await request.json()) as Record<string, unknown>
      const record = encounters().find((it) => it.id === params.stay) ?? refuse(404, 'not-found')
      if (request.headers.get('If-Match') !== `W/"${record.version}"`) refuse(412, '')
      record.text = edited(record.text, change(parsed<Encounter>(record), asked))
      record.version++
      return json(stayOf(record), 200, echo)
    }),
  )

const roomOf = (asked: Record<string, unknown>) => (asked.room as { name?: string } | undefined)?.name
const closed = (it: Encounter, status: string) =>
  (it.location ?? []).map((one) =>
    one.period?.end
      ? one
      : {
          ...one,
          status,
          ...(status === 'completed' && { period: { ...one.period, end: '2026-11-22T10:00:00Z' } }),
        },
  )

export const chartHandlers = [
  http.post(
    '*/api/terminology/:list',
    answering(async ({ request, params }) => {
      const { echo } = needContext(request)
      const { query } = (await request.json()) as { query: string }
      const words = query.toLowerCase().split(/\s+/)
      const codes = CODES[params.list as keyof typeof CODES].filter((it) =>
        words.every((word) => `${it.code} ${it.display}`.toLowerCase().includes(word)),
      )
      return json({ codes }, 200, echo)
    }),
  ),
  http.get(
    '*/api/stays',
    answering(({ request }) => {
      const { echo } = needs(request, 'chart.search')
      return json({ stays: encounters().map(stayOf).filter(isCurrent), next: null }, 200, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/stays',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'chart.search')
      return json({ stays: staysOf(params.patient), next: null }, 200, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/loose-ends',
    answering(({ request }) =>
      json({ medications: 2, orders: 0, tasks: null }, 200, needContext(request).echo),
    ),
  ),
  http.post(
    '*/api/patients/:patient/stays',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'chart.write')
      const asked = (await request.json()) as Record<string, unknown>
      if (staysOf(params.patient).some(isCurrent)) refuse(409, 'already-admitted')
      const room = roomOf(asked)
      const record: MockRecord = {
        type: 'Encounter',
        id: crypto.randomUUID(),
        version: 1,
        text: JSON.stringify({
          resourceType: 'Encounter',
          status: 'in-progress',
          subject: { reference: `Patient/${params.patient}` },
          period: { start: '2026-11-22T09:00:00Z' },
          location: room ? [{ location: { display: room }, status: 'active' }] : undefined,
        }),
      }
      world.records.push(record)
      return json(stayOf(record), 201, echo)
    }),
  ),
  turn('transfer', (it, asked) => ({
    location: [...closed(it, 'completed'), { location: { display: roomOf(asked) }, status: 'active' }],
  })),
  turn('leave', (it, asked) => ({
    status: 'onleave',
    location: [...closed(it, 'reserved'), { location: { display: asked.to }, status: 'active' }],
  })),
  turn('return', (it) => ({
    status: 'in-progress',
    location: (it.location ?? []).map((one) =>
      one.status === 'reserved'
        ? { ...one, status: 'active' }
        : { ...one, status: 'completed', period: { end: 'x' } },
    ),
  })),
  turn('discharge', (it) => ({
    status: 'finished',
    period: { ...it.period, end: '2026-11-22T10:00:00Z' },
    location: closed(it, 'completed'),
  })),
  http.get(
    '*/api/patients/:patient/merges',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'patients.merge')
      const merges = world.merges.filter((it) => [it.into, it.from].includes(String(params.patient)))
      return json({ merges }, 200, echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/merge',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'patients.merge')
      const asked = (await request.json()) as { into: string; into_version: number; keep: string[] }
      needStepUp(request, 'patients.merge')
      const one = (id: unknown) =>
        world.records.find((it) => it.type === 'Patient' && it.id === id) ?? refuse(404, 'not-found')
      const [from, into] = [one(params.patient), one(asked.into)]
      if (request.headers.get('If-Match') !== `W/"${from.version}"` || into.version !== asked.into_version)
        refuse(412, '')
      const taken = Object.fromEntries(
        asked.keep.map((name) => [name, parsed<Record<string, unknown>>(from)[name]]),
      )
      into.text = edited(into.text, taken)
      into.version++
      const link: Patient['link'] = [{ other: { reference: `Patient/${into.id}` }, type: 'replaced-by' }]
      from.text = edited(from.text, { active: false, link })
      from.version++
      const merge = {
        merge: crypto.randomUUID(),
        into: into.id,
        from: from.id,
        at: '2026-11-22T10:00:00Z',
        by: 'Jonas Wetherby',
        records: 3,
        undone_at: null,
        undoable_until: '2026-12-22T10:00:00Z',
      }
      world.merges.push(merge)
      return json({ ...merge, ties_carried: 1, ties_waiting: [9] }, 200, echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/merges/:merge/undo',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'patients.merge')
      needStepUp(request, 'patients.merge')
      const found = world.merges.find((it) => it.merge === params.merge) ?? refuse(404, 'not-found')
      Object.assign(found, { undone_at: '2026-11-22T11:00:00Z', undoable_until: null })
      return json({ records: 3, changed: 1, kept: false }, 200, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/relationships',
    answering(({ request }) => {
      const { echo } = needs(request, 'chart.read')
      return json({ relationships: world.patientTies }, 200, echo)
    }),
  ),
  http.put(
    '*/api/patients/:patient/relationships/:membership/:kind',
    answering(({ request, params }) => {
      needs(request, 'relationships.edit')
      needStepUp(request, 'relationship.edit')
      world.patientTies.push({
        membership: Number(params.membership),
        name: world.posts.find((it) => it.membership === Number(params.membership))?.name ?? '',
        role: 'Nurse',
        kind: params.kind as 'care-team',
        state: 'active',
        starts_at: '2026-11-22T10:00:00Z',
        ends_at: null,
        waits_for: [],
      })
      return new Response(null, { status: 204, headers: needContext(request).echo })
    }),
  ),
  http.delete(
    '*/api/patients/:patient/relationships/:membership/:kind',
    answering(({ request, params }) => {
      needs(request, 'relationships.edit')
      needStepUp(request, 'relationship.edit')
      const found = world.patientTies.find((it) => it.membership === Number(params.membership))
      Object.assign(found ?? refuse(404, 'not-found'), { state: 'ended', ends_at: '2026-11-22T10:00:00Z' })
      return new Response(null, { status: 204, headers: needContext(request).echo })
    }),
  ),
]
