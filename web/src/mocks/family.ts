import { http } from 'msw'
import type { Family, Relative, Thread } from '@/api/family'
import { answering, json, needContext, needStepUp, nothing, refuse } from './contract'
import { PATIENT } from './log'
import { LINK } from './world'

/** What families see, as far as pages ask for it. */
export interface MockFamily {
  relatives: Relative[]
  /** Of the one patient there is; nothing: not theirs any more. */
  home: { resources: object[]; complete: boolean } | null
  /** What is new on their page, until it was looked at. */
  news: { since: string | null; new: string[]; changed: string[] }
  threads: Thread[]
  /** What the relative chose about mails. */
  mails: { digest: 'off' | 'daily' | 'weekly'; version: number }
  /** How many of the letters the relative has read. */
  read: number
}

const CATEGORIES: Family['categories'] = [
  { category: 'person', fields: ['name', 'birth', 'photo', 'address'] },
  { category: 'measurements', fields: ['value', 'note', 'who'] },
  { category: 'problems', fields: ['what', 'since', 'severity', 'note'] },
]

const approval = (category: string, field: string) => ({
  category,
  field,
  since: '2026-11-20T09:00:00Z',
  until: null,
  by: 'Helen Marsh',
})

const wound = (id: string, day: string, value: number) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'Wound area' },
  effectiveDateTime: `2026-11-${day}T09:00:00Z`,
  valueQuantity: { value, unit: 'cm²' },
})

export const makeFamily = (): MockFamily => ({
  relatives: [
    {
      membership: 21,
      name: 'Dora Ashdown',
      role: 'Family member',
      state: 'active',
      waits_for: [],
      since: '2026-11-01T00:00:00Z',
      until: null,
      version: 'W/"3"',
      approved: [
        approval('person', 'name'),
        ...['value', 'note', 'who'].map((it) => approval('measurements', it)),
      ],
      other: [],
    },
  ],
  home: {
    resources: [
      { resourceType: 'Patient', id: PATIENT, name: [{ given: ['Walter'], family: 'Ashdown' }] },
      wound('w2', '20', 3.1),
      wound('w1', '12', 4.8),
      ...Array.from({ length: 7 }, (_, i) => ({
        ...wound(`l${i}`, '02', i),
        code: { text: `Laboratory value ${i}` },
      })),
    ],
    complete: true,
  },
  news: { since: null, new: [], changed: [] },
  threads: [{ membership: 21, name: 'Dora Ashdown', waits: false, waiting: 0, letters: [], more: false }],
  mails: { digest: 'off', version: 1 },
  read: 0,
})

/** What there is now; a test begins with another. */
export const family = { now: makeFamily() }

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

const list = (): Family => ({ categories: CATEGORIES, relatives: family.now.relatives })
const theOne = (membership: unknown): Relative =>
  family.now.relatives.find((it) => it.membership === Number(membership)) ?? refuse(404, 'not-found')
/** By which it is said that a page was looked at. */
const LOOK = '0195f2a0-0000-7000-8000-0000000000aa'
const own = (): Thread => ({
  ...thread(),
  unread: thread()
    .letters.slice(family.now.read)
    .filter((it) => it.from === 'team').length,
})
const thread = () => family.now.threads[0] ?? refuse(404, 'not-found')

async function written(request: Request, from: 'family' | 'team', who: string) {
  const { text } = (await request.json()) as { text: string }
  const { letters } = thread()
  letters.push({ letter: crypto.randomUUID(), from, who, at: '2026-11-22T10:00:00Z', text })
  thread().waits = from === 'family'
  thread().waiting = from === 'family' ? thread().waiting + 1 : 0
}

const mails = (echo: Record<string, string>) => {
  const { digest, version } = family.now.mails
  return json({ digest, version: `W/"${version}"` }, 200, echo)
}

export const familyHandlers = [
  http.get(
    '*/api/me/family-mails',
    answering(({ request }) => mails(needs(request, 'chart.read').echo)),
  ),
  http.put(
    '*/api/me/family-mails',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'chart.read')
      const { version } = family.now.mails
      if (request.headers.get('If-Match') !== `W/"${version}"`) refuse(412, 'conflict')
      const { digest } = (await request.json()) as { digest: 'off' | 'daily' | 'weekly' }
      family.now.mails = { digest, version: version + 1 }
      return mails(echo)
    }),
  ),
  http.post(
    '*/api/unsubscribe/:token',
    answering(({ params }) => {
      if (params.token !== LINK) refuse(404, 'not-found')
      family.now.mails = { digest: 'off', version: family.now.mails.version + 1 }
      return nothing()
    }),
  ),
  http.post(
    '*/api/me/relationships/accept',
    answering(({ request }) => {
      needContext(request)
      return nothing()
    }),
  ),
  http.get(
    '*/api/family/:patient',
    answering(({ request }) => {
      const { echo } = needs(request, 'chart.read')
      const home = family.now.home ?? refuse(404, 'not-found')
      return json({ ...home, news: { ...family.now.news, look: LOOK } }, 200, echo)
    }),
  ),
  http.post(
    '*/api/family/:patient/looked',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'chart.read')
      const { look } = (await request.json()) as { look: string }
      if (look !== LOOK) refuse(412, 'conflict')
      family.now.news = { since: '2026-11-22T10:00:00Z', new: [], changed: [] }
      return nothing(204, echo)
    }),
  ),
  http.get(
    '*/api/family/:patient/letters',
    answering(({ request }) => json(own(), 200, needs(request, 'letters.write').echo)),
  ),
  http.post(
    '*/api/family/:patient/letters/read',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'letters.write')
      const { letter } = (await request.json()) as { letter: string }
      family.now.read = thread().letters.findIndex((it) => it.letter === letter) + 1
      return json(own(), 200, echo)
    }),
  ),
  http.post(
    '*/api/family/:patient/letters',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'letters.write')
      await written(request, 'family', 'Dora Ashdown')
      return json(own(), 201, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/letters',
    answering(({ request }) =>
      json({ threads: family.now.threads }, 200, needs(request, 'letters.write').echo),
    ),
  ),
  http.post(
    '*/api/patients/:patient/letters/:membership',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'letters.write')
      await written(request, 'team', 'Amara Osei')
      return json({ threads: family.now.threads }, 201, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/family',
    answering(({ request }) => json(list(), 200, needs(request, 'sharing.approve').echo)),
  ),
  http.get(
    '*/api/patients/:patient/family/:membership/preview',
    answering(({ request }) =>
      json(family.now.home ?? refuse(404, 'not-found'), 200, needs(request, 'sharing.approve').echo),
    ),
  ),
  http.put(
    '*/api/patients/:patient/family/:membership/:category',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'sharing.approve')
      const one = theOne(params.membership)
      if (request.headers.get('If-Match') !== one.version) refuse(412, 'conflict')
      const { fields, until } = (await request.json()) as { fields: string[]; until: string | null }
      const category = String(params.category)
      const had = one.approved.filter((it) => it.category === category).map((it) => it.field)
      if (fields.some((it) => !had.includes(it))) needStepUp(request, 'sharing.approve')
      one.approved = [
        ...one.approved.filter((it) => it.category !== category),
        ...fields.map((field) => ({ ...approval(category, field), until })),
      ]
      one.version = `W/"${Number(/\d+/.exec(one.version)?.[0]) + 1}"`
      return json(list(), 200, echo)
    }),
  ),
  http.delete(
    '*/api/patients/:patient/family/:membership',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'sharing.approve')
      theOne(params.membership).approved = []
      return json(list(), 200, echo)
    }),
  ),
]
