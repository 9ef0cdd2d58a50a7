/** What the server's people API says and hears. Times are RFC 3339, UTC. */

export type FactorKind = 'totp' | 'sms' | 'passkey'
/** What may answer after a password: the person's factors, or a recovery code. */
export type SecondFactor = FactorKind | 'recovery'
export type MembershipKind = 'staff' | 'portal'

export type Next = { next: 'enroll' } | { next: 'done' }
export type LoginAnswer = Next | { next: 'factor'; login: string; factors: SecondFactor[] }

/** Options and credentials of a WebAuthn ceremony pass through as the browser's library takes and gives them. */
export interface Ceremony<Options> {
  ceremony: string
  options: Options
}

export interface Provider {
  id: string
  name: string
}

export interface Session {
  person: { name: string; email: string }
  strength: 'password' | 'two-factor'
  signed_in_at: string
  idle_ends_at: string
  ends_at: string
  idle_seconds: number
  second_factor_required: boolean
}

export interface Membership {
  organization: { slug: string; name: string }
  membership: number
  role: string
  name: string
  facilities: { code: string; name: string }[]
  kind: MembershipKind
  color: string
}

export interface OpenContext {
  context: string
  organization: string
  membership: number
  opened_at: string
  used_at: string
}

export interface Contexts {
  memberships: Membership[]
  open: OpenContext[]
}

export interface Me {
  context: string
  person: { name: string; email: string }
  organization: { slug: string; name: string; kind: string }
  membership: number
  role: string
  kind: MembershipKind
  facilities: { code: string; name: string; time_zone: string }[]
  permissions: string[]
  strength: Session['strength']
  second_factor_required: boolean
}

export interface Device {
  id: string
  current: boolean
  agent: string
  address: string
  signed_in_at: string
  used_at: string
  ends_at: string
  contexts: number
}

export interface Factor {
  id: string
  kind: FactorKind
  label: string
  added_at: string
  used_at: string | null
}

export interface Factors {
  factors: Factor[]
  recovery_codes_left: number
  password_changed_at: string
}

export interface PendingTotp {
  id: string
  /** Base32. */
  secret: string
  /** otpauth: for a link on a phone. */
  uri: string
  /** An SVG document. */
  qr: string
}

/** Codes come with a person's first factor only, and only this once. */
export interface FactorAdded {
  recovery_codes?: string[]
}

export type StepUpProof = 'password' | 'totp' | 'recovery' | 'sms'

export interface Invitation {
  organization: { slug: string; name: string }
  role: string
  email: string
  /** An account with this address exists: its owner signs in to accept. */
  account: boolean
  password_rules: PasswordRules
}

export interface PasswordRules {
  min: number
  max: number
}

export interface Authorization {
  client: { name: string; uri?: string }
  scopes: { key: string; text: string }[]
  contexts: Membership[]
  signed_in: boolean
}
