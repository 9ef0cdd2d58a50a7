import { http } from 'msw'
import { accessHandlers } from './accesses'
import { accountHandlers } from './account'
import { boardHandlers } from './board'
import { chartHandlers } from './charts'
import { answering, fields, json, needContext, needPassword, needSession, nothing, problem } from './contract'
import { documentHandlers } from './documents'
import { emergencyHandlers } from './emergencies'
import { erasureHandlers } from './erasures'
import { exportHandlers } from './exports'
import { facilityHandlers } from './facilities'
import { familyHandlers } from './family'
import { fhirHandlers } from './fhir'
import { importHandlers } from './imports'
import { medicationHandlers } from './medications'
import { noteHandlers } from './notes'
import { oversightHandlers } from './oversight'
import { peopleHandlers } from './people'
import { onPlane, platformHandlers } from './platform'
import { shiftHandlers } from './shift'
import { signInHandlers } from './signIn'
import { supportHandlers } from './support'
import { LINK, resetWorld, signedIn, world } from './world'

const linkEnded = () => problem(400, 'link-ended')

const contextHandlers = [
  http.get(
    '*/api/auth/contexts',
    answering(() => {
      needSession()
      return json({
        memberships: world.memberships.map(({ permissions: _, ...post }) => post),
        open: world.open,
      })
    }),
  ),
  http.post(
    '*/api/auth/contexts',
    answering(async ({ request }) => {
      const asked = await fields(request, { organization: '', membership: 0 })
      needSession()
      const found = world.memberships.find(
        (it) => it.organization.slug === asked.organization && it.membership === asked.membership,
      )
      if (!found) return problem(404, 'not-found')
      const { permissions: _, ...post } = found
      const context = crypto.randomUUID()
      const now = new Date().toISOString()
      world.open = [...world.open, { context, ...asked, opened_at: now }]
      return json({ context, ...post }, 201)
    }),
  ),
  http.delete(
    '*/api/auth/contexts/:context',
    answering(({ params }) => {
      needSession()
      world.open = world.open.filter((it) => it.context !== params.context)
      return nothing()
    }),
  ),
  http.get(
    '*/api/me',
    answering(({ request }) => {
      const { open, post, echo } = needContext(request)
      const me = {
        context: open.context,
        person: { name: world.person.name, email: world.person.email },
        organization: post.organization,
        membership: post.membership,
        role: post.role,
        kind: post.kind,
        facilities: post.facilities,
        color: post.color,
        support: post.support,
        accent: '#7a4b12',
        logo: world.settings.logo ? world.settings.version : null,
        permissions: post.permissions,
        strength: world.session?.strength,
        second_factor_required: false,
      }
      return json(me, 200, echo)
    }),
  ),
]

const deviceHandlers = [
  http.get(
    '*/api/auth/devices',
    answering(() => {
      needSession()
      const devices = world.devices.map((it, i) => ({
        ...it,
        current: i === 0,
        address: '203.0.113.0',
        signed_in_at: new Date(Date.now() - i * 86_400_000).toISOString(),
        used_at: new Date(Date.now() - i * 3_600_000).toISOString(),
        ends_at: new Date(Date.now() + 3_600_000).toISOString(),
        contexts: i === 0 ? world.open.length : 1,
      }))
      return json({ devices })
    }),
  ),
  http.delete(
    '*/api/auth/devices/:id',
    answering(({ params }) => {
      needSession()
      world.devices = world.devices.filter((it) => it.id !== params.id)
      return nothing()
    }),
  ),
]

const linkHandlers = [
  http.post(
    '*/api/auth/invitation',
    answering(async ({ request }) => {
      const { token } = await fields(request, { token: '' })
      return token === LINK ? json(world.invitation) : linkEnded()
    }),
  ),
  http.post(
    '*/api/auth/invitation/accept',
    answering(async ({ request }) => {
      const asked = await fields(request, { token: '', name: '', password: '' })
      if (asked.token !== LINK) return linkEnded()
      needPassword(asked.password)
      world.person = { name: asked.name, email: world.invitation.email, password: asked.password }
      world.factors = []
      world.session = signedIn('password')
      return json({ next: world.factorRequired ? 'enroll' : 'done' })
    }),
  ),
  http.post(
    '*/api/auth/invitation/take-up',
    answering(async ({ request }) => {
      const asked = await fields(request, { token: '' })
      needSession()
      return asked.token === LINK ? json({ next: 'done' }) : linkEnded()
    }),
  ),
]

const authorizationHandlers = [
  http.get(
    '*/api/auth/authorizations/:request',
    answering(({ params }) =>
      params.request === 'r1' ? json(world.authorization) : problem(404, 'not-found'),
    ),
  ),
  http.post(
    '*/api/auth/authorizations/:request',
    answering(async ({ request }) => {
      const asked = await fields(request, { approve: true, membership: 0 }, ['membership'])
      needSession()
      const result = asked.approve ? 'code=c' : 'error=access_denied'
      return json({ redirect: `https://caregraph.example/cb?${result}` })
    }),
  ),
]

/** The contract of the people API, enforced: what it does not name is refused. */
export const handlers = [
  ...signInHandlers,
  ...contextHandlers,
  ...deviceHandlers,
  ...accountHandlers,
  ...linkHandlers,
  ...authorizationHandlers,
  ...peopleHandlers,
  ...documentHandlers,
  ...emergencyHandlers,
  ...erasureHandlers,
  ...familyHandlers,
  ...fhirHandlers,
  ...chartHandlers,
  ...oversightHandlers,
  ...accessHandlers,
  ...facilityHandlers,
  ...platformHandlers,
  ...supportHandlers,
  ...exportHandlers,
  ...importHandlers,
  ...medicationHandlers,
  ...noteHandlers,
  ...shiftHandlers,
  ...boardHandlers,
]

/** For a browser: the world as given, signed in as strongly as said, on the plane above organizations or not. */
export function beginAnew({
  strength,
  above,
  ...changes
}: Partial<typeof world> & { strength?: 'password' | 'two-factor'; above?: boolean }) {
  resetWorld(changes)
  world.session = strength ? signedIn(strength) : null
  if (above) Object.assign(world.plane, { me: onPlane, announced: world.plane.announcements })
}
