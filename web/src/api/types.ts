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
export type DemoPerson = Schemas['DemoPerson']
export type Session = Schemas['Session']
export type Door = Schemas['Door']
export type Membership = Schemas['Membership']
export type MembershipKind = Membership['kind']
export type OpenContext = Schemas['OpenContext']
export type Contexts = Schemas['Contexts']
/** A person in a context: what the app is. */
export type Me = Schemas['MeInContext']
/** Someone with a post, as a list shows them. */
export type Member = Schemas['Member']
export type Post = Schemas['View']
export type Neighbour = Schemas['Neighbour']
export type NewMember = Pick<
  Schemas['NewMember'],
  'email' | 'name' | 'role_key' | 'facilities' | 'denied' | 'ends_at'
>
/** What is not there stays. */
export type PostChange = Partial<Schemas['PostChange']>
export type Question = Pick<Schemas['Question'], 'membership' | 'end'> & { change?: PostChange }
export type Outlook = Schemas['Outlook']
export type Difference = Schemas['Difference']
export type RoleBody = Schemas['RoleBody']
export type Tie = NonNullable<RoleBody['tie']>
/** Without a tie its posts reach everyone at their facilities. */
export type Role = Schemas['RoleView']
export type Emergencies = Schemas['Emergencies']
/** An emergency access. Whose record it opened is for the server to know: pages are not given the id. */
export type Emergency = Omit<Schemas['Emergency'], 'patient'>
export type Judgement = Schemas['Judgement']
/** A tie of one's own post to a patient. */
export type OwnTie = Schemas['OwnTie']
/** A page of what was done with a patient's record. */
export type Accesses = Schemas['Accesses']
export type Access = Schemas['Access']
/** Why something was allowed or refused. */
export type Why = Schemas['Why']
export type Facility = Schemas['FacilityView']
export type FacilityNew = Pick<Schemas['FacilityNew'], 'code' | 'name' | 'time_zone'>
export type FacilityBody = Schemas['FacilityBody']
export type Module = Schemas['ModuleView']
export type OrganizationView = Schemas['OwnOrganization']
export type OrganizationBody = Schemas['OrganizationBody']
export type Branding = Schemas['Branding']
/** Somebody of the platform has the view of a post for a while. */
export type SupportAccess = Schemas['SupportAccess']
export type SupportRequest = Schemas['SupportRequest']
export type SupportApproval = Schemas['SupportApproval']
/** A file of a patient, before it comes; the way in for it; how far it is; the way out. */
export type NewDocument = Schemas['NewDocument']
export type DocumentCategory = NewDocument['category']
export type UploadTicket = Schemas['UploadTicket']
export type DocumentUpload = Schemas['DocumentUpload']
export type DocumentLink = Schemas['DocumentLink']
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
