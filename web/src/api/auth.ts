import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser'
import { ApiError } from './errors'
import { http, later } from './http'
import type {
  Authorization,
  Branding,
  Ceremony,
  Contexts,
  DemoPerson,
  Device,
  Door,
  FactorAdded,
  Factors,
  Invitation,
  LoginAnswer,
  Membership,
  Next,
  PendingTotp,
  Provider,
  Session,
  StepUpProof,
} from './types'

type Ask = Ceremony<PublicKeyCredentialRequestOptionsJSON>
type Make = Ceremony<PublicKeyCredentialCreationOptionsJSON>

const segment = encodeURIComponent

export const signIn = {
  withPassword: (email: string, password: string) =>
    http.post<LoginAnswer>('/api/auth/login', { email, password }),
  sendSms: (login: string) => http.post('/api/auth/login/sms', { login }),
  withCode: (login: string, kind: 'totp' | 'sms' | 'recovery', code: string) =>
    http.post<Next>('/api/auth/login/factor', { login, kind, code }),
  /** Without `login` any passkey of this site may answer; with it, one of that person's. */
  startPasskey: (login?: string) => http.post<Ask>('/api/auth/login/passkey', login ? { login } : {}),
  finishPasskey: (ceremony: string, credential: AuthenticationResponseJSON) =>
    http.post<Next>('/api/auth/login/passkey/finish', { ceremony, credential }),
  /** Whose door it is: the organization of the address, if it is one's. */
  branding: () => http.get<Branding>('/api/branding'),
  providers: () => http.get<{ providers: Provider[] }>('/api/auth/providers').then((it) => it.providers),
  /** The invented people of a demonstration; none where there is none. */
  demo: () => http.get<{ people: DemoPerson[] }>('/api/auth/demo').then((it) => it.people),
  asDemo: (person: string) => http.post<Next>('/api/auth/demo', { person }),
  providerPath: (id: string, returnTo: string) =>
    `/api/auth/providers/${segment(id)}/start?return=${segment(returnTo)}`,
}

export const door = (signal?: AbortSignal) => http.get<Door>('/api/auth/door', { signal, quiet: true })

export const session = {
  /** A step-up in another tab turns the cookie: whoever is not found is looked for once more. */
  get: async (signal?: AbortSignal): Promise<Session> => {
    const found = (await door(signal)).session ?? (await later(() => door(signal))).session
    if (!found) throw new ApiError(401, { code: 'signed-out' })
    return found
  },
  touch: () => http.post('/api/auth/session/touch'),
  end: (scope: 'device' | 'everywhere') => http.post('/api/auth/logout', { scope }),
}

export const contexts = {
  list: () => http.get<Contexts>('/api/auth/contexts'),
  open: (organization: string, membership: number) =>
    http.post<Membership & { context: string }>('/api/auth/contexts', { organization, membership }),
  close: (context: string) => http.delete(`/api/auth/contexts/${segment(context)}`),
}

export const devices = {
  list: () => http.get<{ devices: Device[] }>('/api/auth/devices').then((it) => it.devices),
  end: (id: string) => http.delete(`/api/auth/devices/${segment(id)}`),
}

export const factors = {
  list: () => http.get<Factors>('/api/auth/factors'),
  startTotp: (label: string) => http.post<PendingTotp>('/api/auth/factors/totp', { label }),
  startSms: (phone: string, label: string) =>
    http.post<{ id: string }>('/api/auth/factors/sms', { phone, label }),
  confirm: (id: string, code: string) =>
    http.post<FactorAdded>(`/api/auth/factors/${segment(id)}/confirm`, { code }),
  startPasskey: () => http.post<Make>('/api/auth/factors/passkey/start'),
  finishPasskey: (ceremony: string, label: string, credential: RegistrationResponseJSON) =>
    http.post<FactorAdded & { id: string }>('/api/auth/factors/passkey/finish', {
      ceremony,
      label,
      credential,
    }),
  renewRecovery: () => http.post<{ recovery_codes: string[] }>('/api/auth/factors/recovery'),
  remove: (id: string) => http.delete(`/api/auth/factors/${segment(id)}`),
}

export const stepUp = {
  withSecret: (action: string, proof: StepUpProof, secret: string) =>
    http.post<{ step_up: string }>('/api/auth/step-up', { action, with: proof, secret }),
  asDemo: (action: string) => http.post<{ step_up: string }>('/api/auth/demo/step-up', { action }),
  sendSms: () => http.post('/api/auth/step-up/sms'),
  startPasskey: (action: string) => http.post<Ask>('/api/auth/step-up/passkey', { action }),
  finishPasskey: (ceremony: string, credential: AuthenticationResponseJSON) =>
    http.post<{ step_up: string }>('/api/auth/step-up/passkey/finish', { ceremony, credential }),
}

export const password = {
  change: (value: string) => http.post('/api/auth/password', { password: value }),
  askReset: (email: string) => http.post('/api/auth/reset', { email }),
  reset: (token: string, value: string) => http.post('/api/auth/reset/finish', { token, password: value }),
}

/** Ends mails about news, by what one of them holds. */
export const stopMails = (token: string) => http.post(`/api/unsubscribe/${encodeURIComponent(token)}`)

export const email = {
  change: (value: string) => http.post('/api/auth/email', { email: value }),
  confirm: (token: string) => http.post('/api/auth/email/finish', { token }),
}

export const invitations = {
  read: (token: string) => http.post<Invitation>('/api/auth/invitation', { token }),
  accept: (token: string, account?: { name: string; password: string }) =>
    account
      ? http.post<Next>('/api/auth/invitation/accept', { token, ...account })
      : http.post<Next>('/api/auth/invitation/take-up', { token }),
}

export const authorizations = {
  read: (request: string) => http.get<Authorization>(`/api/auth/authorizations/${segment(request)}`),
  approve: (request: string, membership: number) =>
    http.post<{ redirect: string }>(`/api/auth/authorizations/${segment(request)}`, {
      approve: true,
      membership,
    }),
  deny: (request: string) =>
    http.post<{ redirect: string }>(`/api/auth/authorizations/${segment(request)}`, { approve: false }),
}
