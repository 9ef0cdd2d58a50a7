import { http } from 'msw'
import type { Factor } from '@/api/types'
import { answering, fields, json, needPassword, needSession, needStepUp, nothing, problem } from './contract'
import { CODE, LINK, recoveryCodes, world } from './world'

const early = { evenWithoutFactor: true }
const linkEnded = () => problem(400, 'link-ended')

/** Adding needs a step-up when there is a factor already. */
function mayAdd(request: Request) {
  needSession(early)
  if (world.factors.length > 0) needStepUp(request, 'factor.add')
}

function added(kind: Factor['kind'], label: string) {
  const first = world.factors.length === 0
  const made = {
    id: crypto.randomUUID(),
    kind,
    label,
    hint: null,
    added_at: new Date().toISOString(),
    used_at: null,
  }
  world.factors = [...world.factors, made]
  if (world.session) world.session.strength = 'two-factor'
  if (first) world.recovery = recoveryCodes('b')
  return first ? { recovery_codes: world.recovery } : {}
}

const square =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h2v2H1zM6 1h2v2H6zM1 6h2v2H1zM4 4h1v1H4zM6 6h1v1H6zM4 6h1v2H4zM7 4h1v1H7z"/></svg>'

export const accountHandlers = [
  http.get(
    '*/api/auth/factors',
    answering(() => {
      needSession(early)
      return json({
        factors: world.factors,
        recovery_codes_left: world.recovery.length,
        password_changed_at: '2026-05-12T08:00:00Z',
      })
    }),
  ),
  http.post(
    '*/api/auth/factors/totp',
    answering(async ({ request }) => {
      const { label } = await fields(request, { label: '' })
      mayAdd(request)
      world.pending = { id: crypto.randomUUID(), kind: 'totp', label }
      const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
      return json(
        { id: world.pending.id, secret, uri: `otpauth://totp/Lamplight?secret=${secret}`, qr: square },
        201,
      )
    }),
  ),
  http.post(
    '*/api/auth/factors/sms',
    answering(async ({ request }) => {
      const { label } = await fields(request, { phone: '', label: '' })
      mayAdd(request)
      world.pending = { id: crypto.randomUUID(), kind: 'sms', label }
      return json({ id: world.pending.id }, 201)
    }),
  ),
  http.post(
    '*/api/auth/factors/passkey/start',
    answering(async ({ request }) => {
      await fields(request, {})
      mayAdd(request)
      return json({
        ceremony: crypto.randomUUID(),
        options: {
          rp: { name: 'Lamplight', id: 'localhost' },
          user: { id: 'AAAA', name: world.person.email, displayName: world.person.name },
          challenge: 'AAAAAAAAAAAAAAAAAAAAAA',
          pubKeyCredParams: [
            { type: 'public-key', alg: -7 },
            { type: 'public-key', alg: -257 },
          ],
          authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
        },
      })
    }),
  ),
  http.post(
    '*/api/auth/factors/passkey/finish',
    answering(async ({ request }) => {
      const { label } = await fields(request, { ceremony: '', label: '', credential: {} })
      needSession(early)
      return json({ id: crypto.randomUUID(), ...added('passkey', label) }, 201)
    }),
  ),
  http.post(
    '*/api/auth/factors/recovery',
    answering(async ({ request }) => {
      await fields(request, {})
      needSession()
      needStepUp(request, 'recovery.renew')
      world.recovery = recoveryCodes('c')
      return json({ recovery_codes: world.recovery })
    }),
  ),
  http.post(
    '*/api/auth/factors/:id/confirm',
    answering(async ({ request, params }) => {
      const { code } = await fields(request, { code: '' })
      needSession(early)
      const { pending } = world
      if (!pending || pending.id !== params.id || code !== CODE) return problem(400, 'wrong-code')
      const answer = added(pending.kind, pending.label)
      world.pending = null
      return json(answer)
    }),
  ),
  http.delete(
    '*/api/auth/factors/:id',
    answering(({ request, params }) => {
      needSession()
      needStepUp(request, 'factor.remove')
      if (world.factors.length === 1 && world.factorRequired) return problem(409, 'last-factor')
      world.factors = world.factors.filter((it) => it.id !== params.id)
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/step-up',
    answering(async ({ request }) => {
      const asked = await fields(request, { action: '', with: '', secret: '' })
      needSession()
      const right =
        asked.with === 'password'
          ? asked.secret === world.person.password
          : asked.with === 'recovery'
            ? world.recovery.includes(asked.secret)
            : asked.secret === CODE
      if (!right) return problem(401, 'step-up-failed')
      const token = crypto.randomUUID()
      world.stepUps.set(token, asked.action)
      return json({ step_up: token })
    }),
  ),
  http.post(
    '*/api/auth/step-up/sms',
    answering(async ({ request }) => {
      await fields(request, {})
      needSession()
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/password',
    answering(async ({ request }) => {
      const { password } = await fields(request, { password: '' })
      needSession()
      needPassword(password)
      needStepUp(request, 'password.change')
      world.person.password = password
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/reset',
    answering(async ({ request }) => {
      await fields(request, { email: '' })
      return nothing(202)
    }),
  ),
  http.post(
    '*/api/auth/reset/finish',
    answering(async ({ request }) => {
      const { token, password } = await fields(request, { token: '', password: '' })
      if (token !== LINK) return linkEnded()
      needPassword(password)
      world.person.password = password
      world.session = null
      return nothing()
    }),
  ),
  http.post(
    '*/api/auth/email',
    answering(async ({ request }) => {
      await fields(request, { email: '' })
      needSession()
      needStepUp(request, 'email.change')
      return nothing(202)
    }),
  ),
  http.post(
    '*/api/auth/email/finish',
    answering(async ({ request }) => {
      const { token } = await fields(request, { token: '' })
      return token === LINK ? nothing() : linkEnded()
    }),
  ),
]
