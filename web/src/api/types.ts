/** What the server's people API says and hears, as its description has it. Times are RFC 3339, UTC. */
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type LoginAnswer = Schemas['SignInStep']
export type Next = Exclude<LoginAnswer, { next: 'factor' }>
/** What may answer after a password: the person's factors, or a recovery code. */
export type SecondFactor = Extract<LoginAnswer, { next: 'factor' }>['factors'][number]

/** Options and credentials of a WebAuthn ceremony pass through as the browser's library takes and gives them. */
export type Ceremony<Options> = Omit<Schemas['Ceremony'], 'options'> & { options: Options }

export type Provider = Schemas['Provider']
export type Session = Schemas['Session']
export type Membership = Schemas['Membership']
export type MembershipKind = Membership['kind']
export type OpenContext = Schemas['OpenContext']
export type Contexts = Schemas['Contexts']
/** A person in a context: what the app is. */
export type Me = Schemas['MeInContext']
export type Device = Schemas['Device']
export type Factor = Schemas['Factor']
export type FactorKind = Factor['kind']
export type Factors = Schemas['Factors']
export type PendingTotp = Schemas['PendingTotp']
/** Codes come with a person's first factor only, and only this once. */
export type FactorAdded = Schemas['FactorAdded']
export type StepUpProof = Schemas['StepUp']['with']
export type Invitation = Schemas['Invitation']
export type PasswordRules = Schemas['PasswordRules']
export type Authorization = Schemas['Authorization']
