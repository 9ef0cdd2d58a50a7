import { http } from 'msw'
import type { Access, Why } from '@/api/types'
import { answering, json, needContext, refuse } from './contract'
import { PATIENT } from './log'
import { patientId } from './records'
import { world } from './world'

const PAGE = 2

function needRight(request: Request) {
  const found = needContext(request)
  const held = found.post.permissions
  const own = held.includes('audit.own') && !held.includes('audit.report')
  if (!own && !held.includes('audit.report')) refuse(403, 'forbidden')
  return { ...found, own }
}

function explained(found: Access): Why {
  const link = (membership: number, name: string, alive: boolean) => ({
    membership,
    who: { kind: 'person' as const, name, role: 'Nurse', on_behalf_of: null, own: false },
    by_relationship: true,
    alive,
    ends_at: null,
  })
  const emergency = {
    opened_at: '2026-11-20T15:55:00Z',
    ends_at: '2026-11-20T16:05:00Z',
    reason: null,
  }
  const done = found.outcome === 'done'
  return {
    event: found.event,
    at_the_time: {
      at: found.at,
      what: found.what,
      outcome: found.outcome,
      rule: { permission: 'chart.read', words: 'Read a record of a chart.', missing: !done },
      purpose: found.purpose,
      facility: found.facility,
      relationships: [
        {
          membership: 9,
          patient: PATIENT,
          kind: 'care-team',
          from: '2026-11-01T00:00:00Z',
          until: '2026-11-21T20:00:00Z',
        },
      ],
      emergency: found.purpose === 'BTG' ? emergency : null,
    },
    today: { who: found.who, chain: [link(9, 'Ines Roy', false), link(2, 'Dara Lund', true)] },
  }
}

export const accessHandlers = [
  http.get(
    '*/api/me/relationships',
    answering(({ request }) => json({ relationships: world.ties }, 200, needContext(request).echo)),
  ),
  http.get(
    '*/api/patients/:patient/accesses',
    answering(({ request, params }) => {
      const { echo } = needRight(request)
      if (params.patient !== PATIENT && params.patient !== patientId(1)) refuse(404, 'not-found')
      const query = new URL(request.url).searchParams
      const [from, to] = [query.get('from'), query.get('to') ?? new Date().toISOString()]
      const start = Number(query.get('cursor') ?? 0)
      if (!from || (start > 0 && !query.get('to'))) refuse(400, 'invalid')
      const rest = world.accesses.slice(start)
      const next = rest.length > PAGE ? String(start + PAGE) : null
      const page = { from, to, time_zone: 'America/New_York', accesses: rest.slice(0, PAGE), next }
      const notice: Record<string, string> = world.notice ? { 'Lamplight-Notice': world.notice } : {}
      return json(page, 200, { ...echo, ...notice })
    }),
  ),
  http.get(
    '*/api/audit/events/:event/why',
    answering(({ request, params }) => {
      const { echo } = needRight(request)
      const found = world.accesses.find((it) => it.event === params.event)
      return found ? json(explained(found), 200, echo) : refuse(404, 'not-found')
    }),
  ),
]
