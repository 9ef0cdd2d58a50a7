import { http } from 'msw'
import type {
  Administrator,
  Announcement,
  Figures,
  Health,
  OwnSupport,
  Plan,
  PlatformAnnouncement,
  PlatformMe,
  PlatformOrganization,
  Sessions,
  Usage,
} from '@/api/platform'
import {
  answering,
  fields,
  json,
  needContext,
  needSession,
  needStepUp,
  nothing,
  problem,
  Refusal,
  refuse,
} from './contract'
import { world } from './world'

/** The plane above organizations, as far as a browser sees it. */
export interface MockPlane {
  /** Null: the person is not on it. */
  me: PlatformMe | null
  organizations: PlatformOrganization[]
  plans: Plan[]
  administrators: Administrator[]
  announcements: PlatformAnnouncement[]
  /** Of the organization of every context. */
  announced: Announcement[]
  usage: Omit<Usage, 'month'>
  support: OwnSupport[]
}

const MODULES = [
  'patient-portal',
  'family-portal',
  'attorney-portal',
  'referral-portal',
  'supplier-portal',
  'api',
]
const PERMISSIONS = ['watch', 'organizations', 'plans', 'announce', 'support', 'administrators'].map(
  (it) => `platform.${it}`,
)

/** For a story of someone on the plane. */
export const onPlane: PlatformMe = { administrator: 1, name: 'Amara Osei', permissions: PERMISSIONS }

const organization = (slug: string, name: string, kind: string): PlatformOrganization => ({
  slug,
  kind,
  version: 700,
  created_at: '2026-03-02T10:00:00Z',
  settings: { name, portal_second_factor: true, idle_seconds: 900, session_seconds: 43_200 },
  facilities: [
    { code: 'north', name: 'North House', time_zone: 'America/Chicago', state: 'live' },
    { code: 'south', name: 'South House', time_zone: 'America/Chicago', state: 'preparing' },
  ],
  plan: 'essentials',
  plan_version: 1,
  extra: [],
  switched_off: [],
  modules: [],
})

const plan = (key: string, title: string, modules: string[]): Plan => ({
  key,
  version: 1,
  plan: {
    title,
    modules,
    currency: 'USD',
    base_cents: 49_900,
    clinician_cents: 4_900,
    module_cents: 9_900,
    on_sale: true,
  },
})

export const makePlane = (): MockPlane => ({
  me: null,
  organizations: [
    organization('harbor', 'Harbor Home Care', 'home-care'),
    organization('oak-hill', 'Oak Hill Senior Living', 'senior-care'),
    organization('sunrise', 'Sunrise Senior Living', 'senior-care'),
  ],
  plans: [plan('complete', 'Complete', MODULES), plan('essentials', 'Essentials', [])],
  administrators: [
    {
      administrator: 1,
      name: 'Amara Osei',
      permissions: PERMISSIONS,
      arrived: true,
      since: '2026-02-01T09:00:00Z',
      version: 2,
    },
    {
      administrator: 2,
      name: 'Jonas Wetherby',
      permissions: ['platform.watch'],
      arrived: false,
      since: '2026-11-20T09:00:00Z',
      version: 1,
    },
  ],
  announcements: [
    {
      announcement: '0195f2a0-0000-7000-8000-0000000000a1',
      title: 'A new version on Sunday',
      text: 'From 22:00 to 22:10 nothing can be saved.',
      level: 'maintenance',
      organizations: null,
      starts_at: '2026-01-01T00:00:00Z',
      ends_at: '2099-01-01T00:00:00Z',
      created_at: '2026-11-20T10:00:00Z',
      created_by: 1,
      withdrawn_at: null,
    },
  ],
  announced: [],
  usage: {
    finished: true,
    now: {
      clinicians: 12,
      lines: [line('base', 1, 49_900), line('clinicians', 12, 4_900)],
      totals: [{ currency: 'USD', cents: 108_700 }],
    },
    reading: null,
    agrees: null,
  },
  support: [],
})

function line(what: string, quantity: number, unit_cents: number) {
  const of = { plan: 'essentials', plan_version: 1, days: 31, of_days: 31, currency: 'USD' }
  return { what, quantity, unit_cents, cents: quantity * unit_cents, ...of }
}

const check = (key: string, value: number | null, unit: string, warn: number, bad: number) =>
  ({ key, value, unit, warn, bad, state: 'ok', less_is_worse: false }) as Health['checks'][number]

const health = (): Health => ({
  state: 'warn',
  version: '0.1.0',
  since: '2026-11-21T06:00:00Z',
  database_version: '15.18',
  checks: [
    check('database', 4, 'ms', 500, 5000),
    check('audit-writer', 3, 'ms', 500, 5000),
    check('audit-last-event', 0, 'seconds', 60, 300),
    check('outbox-oldest', 180_000, 'seconds', 691_200, 1_209_600),
    { ...check('jobs-failed', 2, 'count', 1, 10), state: 'warn' },
    { ...check('audit-months-ahead', 5, 'months', 2, 0), less_is_worse: true },
    check('doctor', 0, 'count', 1, 1),
  ],
  pools: [
    { name: 'requests', most: 16, open: 6, in_use: 1, waiting: 0 },
    { name: 'audit', most: 2, open: 2, in_use: 0, waiting: 0 },
  ],
  doctor: { checked_at: '2026-11-22T09:59:30Z', checks: 26, findings: [] },
})

const sessions = (): Sessions[] => [
  { organization: 'harbor', sessions: 14, contexts: 15, active: 9, refusals: 3, locked: 0 },
  { organization: 'oak-hill', sessions: 0, contexts: 0, active: 0, refusals: 0, locked: 0 },
  { organization: 'sunrise', sessions: 61, contexts: 70, active: 33, refusals: 12, locked: 1 },
  { organization: null, sessions: 2, contexts: 0, active: 1, refusals: 0, locked: 0 },
]

const counts = (patients: number | null, few: boolean): Figures['total'] => ({
  facilities: { preparing: 1, pilot: 0, live: 1 },
  staff: 40,
  portals: ['client', 'referral', 'family', 'self'].map((tie) => ({
    tie,
    posts: tie === 'family' ? { count: 25, few: false } : { count: null, few: true },
  })),
  patients: { count: patients, few },
  records: 104_211,
  events: 2_300_118,
})

const figures = (): Figures => ({
  counted_at: '2026-11-22T09:58:00Z',
  total: counts(431, true),
  kinds: [
    { kind: 'home-care', organizations: 1, counts: counts(null, true) },
    { kind: 'senior-care', organizations: 2, counts: counts(431, false) },
  ],
  organizations: [
    { organization: 'harbor', kind: 'home-care', counts: counts(null, true) },
    { organization: 'oak-hill', kind: 'senior-care', counts: counts(31, false) },
    { organization: 'sunrise', kind: 'senior-care', counts: counts(400, false) },
  ],
})

const notFound = () => problem(404, 'not-found')

/** Whoever is not on the plane does not find it. */
function needAbove(permission: string) {
  needSession()
  const { me } = world.plane
  if (!me) throw new Refusal(notFound())
  if (!me.permissions.includes(permission)) refuse(403, 'forbidden')
  return me
}

const invalid = (detail: string) => problem(400, 'invalid', { detail })

function find(slug: unknown) {
  const found = world.plane.organizations.find((it) => it.slug === slug)
  if (!found) throw new Refusal(notFound())
  return found
}

const version = (request: Request) => Number(/(\d+)/.exec(request.headers.get('If-Match') ?? '')?.[1] ?? -1)

const organizationHandlers = [
  http.get(
    '*/platform/organizations',
    answering(() => {
      needAbove('platform.watch')
      return json({ organizations: world.plane.organizations, more: false })
    }),
  ),
  http.post(
    '*/platform/organizations',
    answering(async ({ request }) => {
      needAbove('platform.organizations')
      const asked = await fields(request, {
        slug: '',
        name: '',
        kit: '',
        plan: '',
        facility: { code: '', name: '', time_zone: '' },
        administrator: { email: '', name: '' },
      })
      needStepUp(request, 'platform.organizations')
      if (world.plane.organizations.some((it) => it.slug === asked.slug)) return problem(409, 'slug-taken')
      if (asked.facility.code === 'bad') return invalid('facility.code: lower-case letters')
      const made = organization(asked.slug, asked.name, asked.kit)
      made.plan = asked.plan
      made.facilities = [{ ...asked.facility, state: 'preparing' }]
      world.plane.organizations.push(made)
      return json(made, 201)
    }),
  ),
  http.get(
    '*/platform/organizations/:slug',
    answering(({ params }) => {
      needAbove('platform.watch')
      return json(find(params.slug))
    }),
  ),
  http.put(
    '*/platform/organizations/:slug',
    answering(async ({ request, params }) => {
      needAbove('platform.organizations')
      const example = { name: '', portal_second_factor: true, idle_seconds: 0, session_seconds: 0 }
      const asked = await fields(request, example)
      needStepUp(request, 'platform.organizations')
      const found = find(params.slug)
      if (version(request) !== found.version) return problem(412, '')
      Object.assign(found, { settings: asked, version: found.version + 1 })
      return json(found)
    }),
  ),
  http.put(
    '*/platform/organizations/:slug/subscription',
    answering(async ({ request, params }) => {
      needAbove('platform.plans')
      const asked = await fields(request, { plan: '', extra: [] as string[] })
      needStepUp(request, 'platform.plans')
      const found = find(params.slug)
      const within = world.plane.plans.find((it) => it.key === asked.plan)
      if (!within) return invalid('plan: not one that is on sale')
      Object.assign(found, { ...asked, modules: [...within.plan.modules, ...asked.extra] })
      return json(found)
    }),
  ),
  http.get(
    '*/platform/organizations/:slug/usage',
    answering(({ request, params }) => {
      needAbove('platform.watch')
      find(params.slug)
      const month = new URL(request.url).searchParams.get('month') ?? ''
      if (!/^\d{4}-\d{2}$/.test(month)) return invalid('month: four digits')
      return json({ month, ...world.plane.usage })
    }),
  ),
  http.post(
    '*/platform/organizations/:slug/usage',
    answering(async ({ request, params }) => {
      needAbove('platform.plans')
      const { month } = await fields(request, { month: '' })
      needStepUp(request, 'platform.plans')
      find(params.slug)
      const { usage } = world.plane
      if (usage.reading) return problem(409, 'already-read')
      usage.reading = { taken_at: new Date().toISOString(), taken_by: 1, account: usage.now }
      usage.agrees = true
      return json({ month, ...usage }, 201)
    }),
  ),
]

const otherHandlers = [
  http.get(
    '*/platform/plans',
    answering(() => {
      needAbove('platform.watch')
      return json({ plans: world.plane.plans, modules: MODULES })
    }),
  ),
  http.put(
    '*/platform/plans/:key',
    answering(async ({ request, params }) => {
      needAbove('platform.plans')
      const asked = await fields(request, {
        title: '',
        modules: [] as string[],
        currency: '',
        base_cents: 0,
        clinician_cents: 0,
        module_cents: 0,
        on_sale: true,
      })
      needStepUp(request, 'platform.plans')
      const found = world.plane.plans.find((it) => it.key === params.key)
      if (version(request) !== (found?.version ?? 0)) return problem(412, '')
      const next = { key: String(params.key), version: (found?.version ?? 0) + 1, plan: asked }
      world.plane.plans = [...world.plane.plans.filter((it) => it !== found), next]
      return json(next)
    }),
  ),
  http.get(
    '*/platform/administrators',
    answering(() => {
      needAbove('platform.watch')
      return json({ administrators: world.plane.administrators })
    }),
  ),
  http.post(
    '*/platform/administrators',
    answering(async ({ request }) => {
      const me = needAbove('platform.administrators')
      const asked = await fields(request, { email: '', name: '', permissions: [] as string[] })
      needStepUp(request, 'platform.administrators')
      if (!asked.permissions.every((it) => me.permissions.includes(it))) return problem(403, 'forbidden')
      const administrator = world.plane.administrators.length + 1
      world.plane.administrators.push({
        administrator,
        name: asked.name,
        permissions: asked.permissions,
        arrived: false,
        since: new Date().toISOString(),
        version: 1,
      })
      return json({ administrator }, 201)
    }),
  ),
  http.put(
    '*/platform/administrators/:number',
    answering(async ({ request, params }) => {
      needAbove('platform.administrators')
      const asked = await fields(request, { permissions: [] as string[] })
      needStepUp(request, 'platform.administrators')
      const found = world.plane.administrators.find((it) => String(it.administrator) === params.number)
      if (!found) return notFound()
      if (version(request) !== found.version) return problem(412, '')
      Object.assign(found, { permissions: asked.permissions, version: found.version + 1 })
      return nothing()
    }),
  ),
  http.delete(
    '*/platform/administrators/:number',
    answering(({ request, params }) => {
      const me = needAbove('platform.administrators')
      needStepUp(request, 'platform.administrators')
      if (params.number === String(me.administrator)) return problem(409, 'last-administrator')
      world.plane.administrators = world.plane.administrators.filter(
        (it) => String(it.administrator) !== params.number,
      )
      return nothing()
    }),
  ),
  http.get(
    '*/platform/announcements',
    answering(() => {
      needAbove('platform.watch')
      return json({ announcements: world.plane.announcements })
    }),
  ),
  http.post(
    '*/platform/announcements',
    answering(async ({ request }) => {
      needAbove('platform.announce')
      const asked = (await request.json()) as PlatformAnnouncement
      const named = asked.organizations ?? []
      if (!named.every((slug) => world.plane.organizations.some((it) => it.slug === slug)))
        return invalid('organizations: one that there is not')
      const now = new Date().toISOString()
      const announcement = crypto.randomUUID()
      world.plane.announcements.unshift({
        ...asked,
        announcement,
        organizations: asked.organizations ?? null,
        starts_at: asked.starts_at ?? now,
        created_at: now,
        created_by: 1,
        withdrawn_at: null,
      })
      return json({ announcement }, 201)
    }),
  ),
  http.delete(
    '*/platform/announcements/:announcement',
    answering(({ params }) => {
      needAbove('platform.announce')
      const found = world.plane.announcements.find((it) => it.announcement === params.announcement)
      if (!found || found.withdrawn_at) return notFound()
      found.withdrawn_at = new Date().toISOString()
      return nothing()
    }),
  ),
  http.post(
    '*/platform/organizations/:organization/sign-out',
    answering(async ({ request, params }) => {
      needAbove('platform.organizations')
      find(String(params.organization))
      needStepUp(request, 'platform.organizations')
      return json({ sessions: 61 })
    }),
  ),
  ...(
    [
      ['health', health],
      ['sessions', () => ({ organizations: sessions() })],
      ['figures', figures],
    ] as const
  ).map(([page, answer]) =>
    http.get(
      `*/platform/${page}`,
      answering(() => {
        needAbove('platform.watch')
        return json(answer())
      }),
    ),
  ),
]

const supportHandlers = [
  http.get(
    '*/platform/support',
    answering(() => {
      needAbove('platform.support')
      return json({ requests: world.plane.support })
    }),
  ),
  http.post(
    '*/platform/support',
    answering(async ({ request }) => {
      needAbove('platform.support')
      const example = { organization: '', membership: 0, reason: '', minutes: 0, write: true }
      const asked = await fields(request, example, ['membership'])
      needStepUp(request, 'platform.support')
      find(asked.organization)
      const made: OwnSupport = {
        request: crypto.randomUUID(),
        organization: asked.organization,
        minutes: asked.minutes,
        write: asked.write,
        state: 'waiting',
        membership: null,
        asked_at: new Date().toISOString(),
        decided_at: null,
        ends_at: null,
      }
      world.plane.support.unshift(made)
      return json({ request: made.request }, 201)
    }),
  ),
  http.delete(
    '*/platform/support/:request',
    answering(({ params }) => {
      needAbove('platform.support')
      const found = world.plane.support.find((it) => it.request === params.request)
      if (found) Object.assign(found, { state: found.state === 'running' ? 'over' : 'withdrawn' })
      return nothing()
    }),
  ),
]

export const platformHandlers = [
  http.get(
    '*/platform/me',
    answering(() => {
      needSession()
      return world.plane.me ? json(world.plane.me) : notFound()
    }),
  ),
  http.get(
    '*/api/announcements',
    answering(({ request }) => {
      const { echo } = needContext(request)
      return json({ announcements: world.plane.announced }, 200, echo)
    }),
  ),
  ...organizationHandlers,
  ...otherHandlers,
  ...supportHandlers,
]
