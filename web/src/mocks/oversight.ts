import { HttpResponse, http } from 'msw'
import type { LogLine, ReviewWhole } from '@/api/oversight'
import { answering, fields, json, needContext, needStepUp, needVersion, refuse } from './contract'
import { world } from './world'

const REVIEW = '01981f3e-7c1a-7b52-8f6e-000000000777'

const makeReview = (): ReviewWhole => {
  const post = (membership: number, name: string, own: boolean) => ({
    membership,
    name,
    role: 'Nurse',
    permissions: ['chart.read', 'notes.write'],
    kind: 'person' as const,
    made_by: 'Dara Lund',
    below: own ? 0 : 2,
    last_seen_at: null,
    alive: true,
    verdict: null,
    decided_by: null,
    decided_at: null,
    own,
  })
  return {
    review: REVIEW,
    facility: 'rose',
    facility_name: 'Rosewood House',
    started_by: 'Amara Osei',
    started_at: new Date().toISOString(),
    due_at: new Date(Date.now() + 14 * 86_400_000).toISOString(),
    signed_by: null,
    signed_at: null,
    posts: 2,
    kept: 0,
    ended: 0,
    people: [post(11, 'Ines Roy', false), post(12, 'Milo Kerr', false)],
  }
}

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

const file = (text: string, type: string, echo: Record<string, string>) =>
  new HttpResponse(text, { status: 200, headers: { 'Content-Type': type, ...echo } })

const done = (echo: Record<string, string>) => new HttpResponse(null, { status: 204, headers: echo })

const theReview = (id: unknown): ReviewWhole =>
  world.oversight.review?.review === id && world.oversight.review
    ? world.oversight.review
    : refuse(404, 'not-found')

export const oversightHandlers = [
  http.get(
    '*/api/audit/events',
    answering(({ request }) => {
      const { echo } = needs(request, 'audit.report')
      const query = new URL(request.url).searchParams
      const fits = (it: LogLine) =>
        (!query.get('what') || it.what === query.get('what')) &&
        (!query.get('membership') || it.membership === Number(query.get('membership'))) &&
        (!query.get('patient') || it.patients.some((one) => one.patient === query.get('patient'))) &&
        (!query.get('outcome') || it.outcome !== 'done')
      const from = query.get('from') ?? refuse(400, 'invalid')
      const lines = world.oversight.lines.filter(fits)
      return json({ from, to: new Date().toISOString(), lines, next: null }, 200, echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/accesses/:form',
    answering(({ request, params }) => {
      const { echo } = needContext(request)
      if (params.form === 'pdf') return file('%PDF-1.7', 'application/pdf', echo)
      return file('time,who\r\n', 'text/csv', echo)
    }),
  ),
  http.get(
    '*/api/figures',
    answering(({ request }) => {
      const { echo } = needs(request, 'figures.read')
      const code = new URL(request.url).searchParams.get('facility')
      const { figures } = world.oversight
      const facilities = figures.facilities.filter((it) => !code || it.code === code)
      return json({ ...figures, facilities }, 200, echo)
    }),
  ),
  http.get(
    '*/api/figures/csv',
    answering(({ request }) => file('facility\r\n', 'text/csv', needs(request, 'figures.read').echo)),
  ),
  http.get(
    '*/api/facilities/:facility/figures/now',
    answering(({ request }) => {
      const { echo } = needs(request, 'figures.read')
      const at = new Date().toISOString()
      const now = { at, tasks_open: 9, tasks_overdue: 4, doses_late: 2, doses_missed: null }
      return json(now, 200, echo)
    }),
  ),
  http.get(
    '*/api/access-reviews',
    answering(({ request }) => {
      const { echo } = needs(request, 'people.review')
      const { review } = world.oversight
      const due = {
        facility: 'rose',
        facility_name: 'Rosewood House',
        last_signed_at: review?.signed_at ?? null,
        due_at: '2026-02-01T00:00:00Z',
      }
      const { people: _, ...told } = review ?? makeReview()
      return json({ reviews: review ? [told] : [], due: [due] }, 200, echo)
    }),
  ),
  http.post(
    '*/api/access-reviews',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'people.review')
      await fields(request, { facility: '', due_at: '' })
      if (world.oversight.review) refuse(409, 'review-open')
      world.oversight.review = makeReview()
      return json({ review: REVIEW }, 201, echo)
    }),
  ),
  http.get(
    '*/api/access-reviews/:review',
    answering(({ request, params }) =>
      json(theReview(params.review), 200, needs(request, 'people.review').echo),
    ),
  ),
  http.put(
    '*/api/access-reviews/:review/posts/:membership',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'people.review')
      const asked = await fields(request, { verdict: '' })
      const found = theReview(params.review)
      const post = found.people.find((it) => String(it.membership) === params.membership)
      if (!post) return refuse(404, 'not-found')
      if (asked.verdict === 'ended') needStepUp(request, 'person.end')
      post.verdict = asked.verdict === 'ended' ? 'ended' : 'kept'
      post.alive = asked.verdict !== 'ended'
      post.decided_by = 'Amara Osei'
      found[post.verdict]++
      return done(echo)
    }),
  ),
  http.post(
    '*/api/access-reviews/:review/sign',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'people.review')
      const found = theReview(params.review)
      if (found.people.some((it) => !it.verdict)) refuse(409, 'review-undecided')
      needStepUp(request, 'sign')
      found.signed_by = 'Amara Osei'
      found.signed_at = new Date().toISOString()
      return done(echo)
    }),
  ),
  http.get(
    '*/api/organization/keeping',
    answering(({ request }) =>
      json(world.oversight.keeping, 200, needs(request, 'organization.manage').echo),
    ),
  ),
  http.put(
    '*/api/organization/keeping',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'organization.manage')
      const { keeping } = world.oversight
      const asked = await fields(request, {
        records_years: 0,
        log_years: 0,
        review_days: 0,
        erasure_days: 0,
        adult_years: 0,
      })
      needVersion(request, keeping.version)
      needStepUp(request, 'organization.manage')
      keeping.records.years = asked.records_years
      keeping.log.years = asked.log_years
      keeping.review_days = asked.review_days
      keeping.erasure_days = asked.erasure_days
      keeping.adult_years = asked.adult_years
      keeping.version++
      return json(keeping, 200, echo)
    }),
  ),
]
