import { http } from 'msw'
import {
  answering,
  fields,
  findSession,
  json,
  needSession,
  needStepUp,
  nothing,
  problem,
  refuse,
} from './contract'
import { CODE, signedIn, world } from './world'

const failed = () => problem(401, 'sign-in-failed')

function begin(strength: 'password' | 'two-factor') {
  world.session = signedIn(strength)
  world.login = null
  return json({ next: 'done' })
}

const options = { challenge: 'AAAAAAAAAAAAAAAAAAAAAA', timeout: 300_000, userVerification: 'preferred' }

export const signInHandlers = [
  http.post(
    '*/api/auth/login',
    answering(async ({ request }) => {
      const { email, password } = await fields(request, { email: '', password: '' })
      if (world.throttled) return problem(429, 'too-many', {}, { 'Retry-After': '42' })
      if (email !== world.person.email || password !== world.person.password) return failed()
      if (world.factors.length > 0) {
        world.login = { handle: crypto.randomUUID() }
        const kinds = [...new Set(world.factors.map((it) => it.kind))]
        const recovery = world.recovery.length > 0 ? ['recovery'] : []
        return json({ next: 'factor', login: world.login.handle, factors: [...kinds, ...recovery] })
      }
      begin('password')
      return json({ next: world.factorRequired ? 'enroll' : 'done' })
    }),
  ),
  http.post(
    '*/api/auth/login/sms',
    answering(async ({ request }) => {
      await fields(request, { login: '' })
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/login/factor',
    answering(async ({ request }) => {
      const { login, kind, code } = await fields(request, { login: '', kind: '', code: '' })
      if (login !== world.login?.handle) return failed()
      if (kind === 'recovery') {
        if (!world.recovery.includes(code)) return failed()
        world.recovery = world.recovery.filter((it) => it !== code)
      } else if (!world.factors.some((it) => it.kind === kind) || code !== CODE) return failed()
      return begin('two-factor')
    }),
  ),
  http.post(
    '*/api/auth/login/passkey',
    answering(async ({ request }) => {
      await fields(request, { login: '' }, ['login'])
      return json({ ceremony: crypto.randomUUID(), options })
    }),
  ),
  http.post(
    '*/api/auth/login/passkey/finish',
    answering(async ({ request }) => {
      await fields(request, { ceremony: '', credential: {} })
      return world.factors.some((it) => it.kind === 'passkey') ? begin('two-factor') : failed()
    }),
  ),
  http.get(
    '*/api/branding',
    answering(() => json({ name: world.settings.name, logo: world.settings.logo ?? null })),
  ),
  http.get(
    '*/api/auth/providers',
    answering(() => json({ providers: [{ id: 'p1', name: 'Sunrise staff account' }] })),
  ),
  http.get(
    '*/api/auth/demo',
    answering(() => json({ people: world.demo })),
  ),
  http.post(
    '*/api/auth/demo',
    answering(async ({ request }) => {
      const { person } = await fields(request, { person: '' })
      if (!world.demo.some((it) => it.key === person)) return problem(404, 'not-found')
      return begin('two-factor')
    }),
  ),
  http.get(
    '*/api/auth/door',
    answering(() => {
      const session = findSession()
      if (!session) return json({ session: null, plane: false })
      const time = (ms: number) => new Date(ms).toISOString()
      const view = {
        person: { name: world.person.name, email: world.person.email },
        strength: session.strength,
        signed_in_at: time(session.signedInAt),
        idle_ends_at: time(session.usedAt + world.idleSeconds * 1000),
        ends_at: time(session.endsAt),
        idle_seconds: world.idleSeconds,
        second_factor_required: world.factorRequired && session.strength === 'password',
      }
      return json({ session: view, plane: world.plane.me !== null })
    }),
  ),
  http.post(
    '*/api/auth/session/touch',
    answering(() => {
      needSession({ evenWithoutFactor: true })
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/logout',
    answering(async ({ request }) => {
      const { scope } = await fields(request, { scope: '' })
      if (scope !== 'device' && scope !== 'everywhere') refuse(400, 'malformed', { detail: 'scope' })
      if (scope === 'everywhere') needStepUp(request, 'sign-out.everywhere')
      world.session = null
      world.open = []
      return nothing()
    }),
  ),
]
