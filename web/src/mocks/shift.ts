import { http } from 'msw'
import type {
  CareTask,
  Handover,
  HandoverDraft,
  HandoverEntry,
  HandoverWords,
  Incident,
  IncidentNew,
  Queue,
  Resident,
  Starts,
} from '@/api/shift'
import { answering, fields, json, needContext, needStepUp, needVersion, nothing, refuse } from './contract'
import { patientId } from './records'
import { world } from './world'

const HOUR = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString()

/** The shift of one facility, as the server would answer. Everyone in it is invented. */
export interface MockShift {
  queue: Queue
  draft: HandoverDraft
  handovers: HandoverWords[]
  incidents: Incident[]
  /** Cards that were finished lately. */
  over: CareTask[]
  starts: Starts
  /** So many changes find that somebody was faster. */
  beaten: number
  /** It cannot be looked up. */
  down: boolean
}

const on = () => ({ name: 'night' as const, from: inHours(-4), until: inHours(4) })

export const makeTask = (patient: string, some: Partial<CareTask> = {}): CareTask => ({
  task: crypto.randomUUID(),
  patient,
  version: 'W/"1"',
  kind: 'turn',
  text: 'Turn and reposition',
  due: inHours(1),
  urgent: false,
  repeats: true,
  status: 'requested',
  owner: null,
  team: null,
  reason: null,
  ...some,
})

export const makeResident = (n: number, name: string, some: Partial<Resident> = {}): Resident => ({
  patient: patientId(n),
  name,
  wing: 'North wing',
  room: `Room ${n}`,
  away: null,
  tasks: [],
  later: 0,
  alerts: [],
  vitals: null,
  unread: [],
  ...some,
})

/** Handed over by the shift before. */
export function makeHandover(own = false): HandoverWords {
  const handover: Handover = {
    handover: crypto.randomUUID(),
    facility: 'rose',
    shift: { name: 'evening', from: inHours(-12), until: inHours(-4) },
    by: 'Jonas Wetherby',
    own,
    signed_at: inHours(-4),
    received_by: null,
    received_at: null,
  }
  const lines = [
    { kind: 'incident' as const, text: 'Fall beside the bed' },
    { kind: 'said' as const, text: 'Wants the door open' },
  ]
  return { handover, residents: [{ patient: patientId(1), name: 'Walter Ashdown', lines }] }
}

export const makeIncident = (some: Partial<Incident> = {}): Incident => ({
  incident: crypto.randomUUID(),
  patient: patientId(1),
  name: 'Walter Ashdown',
  kind: 'fall',
  what: 'Found on the floor beside the bed',
  place: 'Room 12',
  at: inHours(-2),
  by: 'Jonas Wetherby',
  witnessed: false,
  injury: null,
  told: ['physician'],
  tasks: [makeTask(patientId(1), { kind: 'tell-family', text: 'Tell the family', due: inHours(-1) })],
  review_due: inHours(22),
  review: null,
  ...some,
})

export function makeShift(): MockShift {
  const walter = makeResident(1, 'Walter Ashdown', {
    room: 'Room 12',
    tasks: [
      makeTask(patientId(1), { due: inHours(-1) }),
      makeTask(patientId(1), { kind: 'vitals', text: 'Vital signs', due: inHours(1) }),
    ],
    alerts: [{ text: 'Fall risk', new: true }],
    later: 2,
  })
  const inez = makeResident(4, 'Inez Marchetti', {
    wing: 'South wing',
    vitals: inHours(-1),
    away: 'Hospital',
  })
  const olive = makeResident(2, 'Olive Kowalczyk', { wing: 'South wing', room: null })
  const residents = [walter, inez, olive]
  return {
    queue: {
      facility: 'Rosewood House',
      time_zone: 'America/New_York',
      shift: on(),
      at: inHours(0),
      census: {
        here: 2,
        away: 1,
        admitted_today: 1,
        discharged_today: 0,
        rooms: 5,
        free: ['Room 3', 'Room 5'],
      },
      residents,
      unread: [],
      hidden: [],
    },
    draft: {
      shift: on(),
      residents: residents.map(({ patient, name, room }) => ({
        patient,
        name,
        room,
        lines: patient === patientId(1) ? [{ kind: 'vitals' as const, text: 'systolic 172 mmHg' }] : [],
      })),
    },
    handovers: [],
    incidents: [],
    over: [],
    starts: { starts: ['07:00', '15:00', '23:00'], version: 1 },
    beaten: 0,
    down: false,
  }
}

export function works(request: Request, permission = 'shift.work') {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found.echo
}

export function beaten(code: string) {
  if (world.shift.beaten === 0) return
  world.shift.beaten--
  refuse(409, code)
}

const handoverOf = (id: unknown) =>
  world.shift.handovers.find((it) => it.handover.handover === id) ?? refuse(404, 'not-found')

const looks = [
  // A page that listens hears nothing here.
  http.get(
    '*/api/events',
    answering(({ request }) => {
      needContext(request)
      return nothing()
    }),
  ),
  http.get(
    '*/api/facilities/:facility/shift',
    answering(({ request }) => {
      const echo = works(request)
      if (world.shift.down) refuse(400, 'unknown')
      const unread = world.shift.handovers.filter((it) => !it.handover.received_at)
      const residents = world.shift.queue.residents.map((it) => ({
        ...it,
        unread: unread.flatMap((one) => one.residents.find((of) => of.patient === it.patient)?.lines ?? []),
      }))
      const now = { ...world.shift.queue, residents, unread: unread.map((it) => it.handover) }
      return json(now, 200, echo)
    }),
  ),
  http.get(
    '*/api/facilities/:facility/handover-draft',
    answering(({ request }) => json(world.shift.draft, 200, works(request))),
  ),
  http.get(
    '*/api/facilities/:facility/handovers',
    answering(({ request }) =>
      json({ handovers: world.shift.handovers.map((it) => it.handover) }, 200, works(request)),
    ),
  ),
  http.get(
    '*/api/handovers/:handover',
    answering(({ request, params }) => {
      const echo = works(request)
      return json(handoverOf(params.handover), 200, echo)
    }),
  ),
  http.get(
    '*/api/facilities/:facility/incidents',
    answering(({ request }) => json({ incidents: world.shift.incidents }, 200, works(request))),
  ),
  http.get(
    '*/api/facilities/:facility/shifts',
    answering(({ request }) => json(world.shift.starts, 200, works(request))),
  ),
]

/** The fields of a body of which some may be null. */
export async function said<Body extends object>(
  request: Request,
  keys: (keyof Body & string)[],
): Promise<Body> {
  const body = (await request.json()) as Body
  for (const key of Object.keys(body))
    if (!keys.includes(key as keyof Body & string)) refuse(400, 'unknown-field')
  return body
}

export const shiftHandlers = [
  ...looks,
  http.post(
    '*/api/tasks/:task/finish',
    answering(async ({ request, params }) => {
      const echo = works(request, 'chart.write')
      const { done, note } = await said<{ done: boolean; note: string | null }>(request, ['done', 'note'])
      if (!done && !note) refuse(400, 'invalid')
      beaten('task-finished')
      const { queue, incidents } = world.shift
      const all = [...queue.residents, ...incidents].flatMap((it) => it.tasks)
      const task = all.find((it) => it.task === params.task) ?? refuse(404, 'not-found')
      if (request.headers.get('If-Match') !== task.version) refuse(412, '')
      Object.assign(task, { status: done ? 'completed' : 'cancelled', reason: note })
      for (const it of queue.residents) it.tasks = it.tasks.filter((one) => one !== task)
      world.shift.over.unshift(task)
      return json(task, 200, echo)
    }),
  ),
  http.post(
    '*/api/facilities/:facility/handovers',
    answering(async ({ request }) => {
      const echo = works(request)
      const { residents } = (await fields(request, { from: '', residents: [] })) as {
        residents: HandoverEntry[]
      }
      needStepUp(request, 'sign')
      beaten('already-handed-over')
      const { shift, residents: here } = world.shift.draft
      const made = makeHandover(true)
      const name = (patient: string) => here.find((it) => it.patient === patient)?.name ?? ''
      Object.assign(made.handover, { shift, by: world.person.name, signed_at: inHours(0) })
      made.residents = residents.map((it) => ({ ...it, name: name(it.patient) }))
      world.shift.handovers.unshift(made)
      return json({ handover: made.handover.handover }, 201, echo)
    }),
  ),
  http.post(
    '*/api/handovers/:handover/receive',
    answering(async ({ request, params }) => {
      const echo = works(request)
      await fields(request, {})
      needStepUp(request, 'sign')
      beaten('already-received')
      const { handover } = handoverOf(params.handover)
      if (handover.own) refuse(409, 'own-handover')
      Object.assign(handover, { received_by: world.person.name, received_at: inHours(0) })
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.post(
    '*/api/patients/:patient/incidents',
    answering(async ({ request, params }) => {
      const echo = works(request)
      const told = await said<IncidentNew>(request, [
        ...(['kind', 'what', 'place', 'at', 'witnessed', 'injury', 'told'] as const),
      ])
      const patient = String(params.patient)
      const resident = world.shift.queue.residents.find((it) => it.patient === patient)
      const check = makeTask(patient, { kind: 'neuro-check', text: 'Neurological check', urgent: true })
      world.shift.incidents.unshift({
        ...makeIncident({ patient, name: resident?.name ?? '', by: world.person.name, tasks: [check] }),
        ...(told as Partial<Incident>),
      })
      resident?.tasks.push(check)
      return json({ incident: world.shift.incidents[0]?.incident, tasks: 2 }, 201, echo)
    }),
  ),
  http.post(
    '*/api/incidents/:incident/review',
    answering(async ({ request, params }) => {
      const echo = works(request, 'incidents.review')
      const { note, open_because } = await said<{ note: string; open_because: string | null }>(request, [
        ...(['note', 'open_because'] as const),
      ])
      beaten('incident-closed')
      const found =
        world.shift.incidents.find((it) => it.incident === params.incident) ?? refuse(404, 'not-found')
      if (found.tasks.some((it) => it.status === 'requested') && !open_because) refuse(409, 'follow-ups-open')
      found.review = { by: world.person.name, at: inHours(0), note, open_because }
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.put(
    '*/api/facilities/:facility/shifts',
    answering(async ({ request }) => {
      const echo = works(request, 'organization.manage')
      const { starts } = (await fields(request, { starts: [] })) as { starts: string[] }
      needStepUp(request, 'organization.manage')
      needVersion(request, world.shift.starts.version)
      world.shift.starts = { starts, version: world.shift.starts.version + 1 }
      return json(world.shift.starts, 200, echo)
    }),
  ),
]
