/** Of FHIR R4 what the pages read: <https://hl7.org/fhir/R4>. A record holds more than its type says. */

export interface Coding {
  system?: string
  code?: string
  display?: string
}
export interface CodeableConcept {
  coding?: Coding[]
  text?: string
}
export interface Reference {
  reference?: string
  display?: string
}
export interface Identifier {
  system?: string
  value?: string
  type?: CodeableConcept
}
export interface Period {
  start?: string
  end?: string
}
export interface Quantity {
  value?: number
  /** The digits of the value, where a number does not keep them: not FHIR's, but of our reading. */
  valueText?: string
  comparator?: string
  unit?: string
  system?: string
  code?: string
}
export interface HumanName {
  use?: string
  text?: string
  family?: string
  given?: string[]
}
export interface ContactPoint {
  system?: string
  value?: string
  use?: string
}
export interface Address {
  text?: string
  line?: string[]
  city?: string
  state?: string
  postalCode?: string
}
export interface Annotation {
  text?: string
}
export interface Narrative {
  div?: string
}
export interface Attachment {
  contentType?: string
  data?: string
  title?: string
  url?: string
  size?: number
  creation?: string
}

interface Base<Type extends string> {
  resourceType: Type
  id: string
  meta?: { versionId?: string; lastUpdated?: string }
  /** It is on its way and may come back: not FHIR's, and never sent. */
  pending?: true
}

export interface Patient extends Base<'Patient'> {
  identifier?: Identifier[]
  active?: boolean
  name?: HumanName[]
  telecom?: ContactPoint[]
  gender?: string
  birthDate?: string
  deceasedBoolean?: boolean
  deceasedDateTime?: string
  address?: Address[]
  contact?: {
    relationship?: CodeableConcept[]
    name?: HumanName
    telecom?: ContactPoint[]
  }[]
  managingOrganization?: Reference
  photo?: Attachment[]
  link?: { other?: Reference; type?: string }[]
}

export interface Encounter extends Base<'Encounter'> {
  status: string
  type?: CodeableConcept[]
  period?: Period
  reasonCode?: CodeableConcept[]
  class?: Coding
  location?: {
    location: Reference
    status?: string
    physicalType?: CodeableConcept
    period?: Period
  }[]
}

export interface Location extends Base<'Location'> {
  name?: string
}

export interface AllergyIntolerance extends Base<'AllergyIntolerance'> {
  clinicalStatus?: CodeableConcept
  verificationStatus?: CodeableConcept
  type?: string
  category?: string[]
  criticality?: string
  code?: CodeableConcept
  recordedDate?: string
  onsetDateTime?: string
  recorder?: Reference
  reaction?: { manifestation?: CodeableConcept[]; severity?: string; description?: string }[]
  note?: Annotation[]
}

export interface Condition extends Base<'Condition'> {
  clinicalStatus?: CodeableConcept
  verificationStatus?: CodeableConcept
  code?: CodeableConcept
  onsetDateTime?: string
  abatementDateTime?: string
  recordedDate?: string
  recorder?: Reference
  note?: Annotation[]
}

interface Dosage {
  text?: string
  asNeededBoolean?: boolean
}

export interface MedicationRequest extends Base<'MedicationRequest'> {
  status: string
  intent?: string
  medicationCodeableConcept?: CodeableConcept
  medicationReference?: Reference
  authoredOn?: string
  requester?: Reference
  reasonCode?: CodeableConcept[]
  reasonReference?: Reference[]
  dosageInstruction?: Dosage[]
  statusReason?: CodeableConcept
  note?: Annotation[]
}

export interface MedicationStatement extends Base<'MedicationStatement'> {
  status: string
  medicationCodeableConcept?: CodeableConcept
  medicationReference?: Reference
  effectiveDateTime?: string
  effectivePeriod?: Period
  dateAsserted?: string
  informationSource?: Reference
  dosage?: Dosage[]
  note?: Annotation[]
}

export interface Immunization extends Base<'Immunization'> {
  status: string
  vaccineCode?: CodeableConcept
  occurrenceDateTime?: string
  occurrenceString?: string
  lotNumber?: string
  site?: CodeableConcept
  patient?: Reference
  note?: Annotation[]
}

export interface Observation extends Base<'Observation'> {
  status: string
  category?: CodeableConcept[]
  code: CodeableConcept
  effectiveDateTime?: string
  effectivePeriod?: Period
  issued?: string
  performer?: Reference[]
  valueQuantity?: Quantity
  valueCodeableConcept?: CodeableConcept
  valueString?: string
  valueBoolean?: boolean
  valueInteger?: number
  interpretation?: CodeableConcept[]
  referenceRange?: { low?: Quantity; high?: Quantity; text?: string }[]
  component?: { code: CodeableConcept; valueQuantity?: Quantity }[]
  note?: Annotation[]
}

export interface DiagnosticReport extends Base<'DiagnosticReport'> {
  status: string
  category?: CodeableConcept[]
  code?: CodeableConcept
  effectiveDateTime?: string
  issued?: string
  performer?: Reference[]
  result?: Reference[]
  conclusion?: string
}

interface CompositionSection {
  title?: string
  text?: Narrative
  section?: CompositionSection[]
}

export interface Composition extends Base<'Composition'> {
  status: string
  type?: CodeableConcept
  date?: string
  author?: Reference[]
  title?: string
  text?: Narrative
  section?: CompositionSection[]
  identifier?: Identifier
  relatesTo?: { code: string; targetReference?: Reference }[]
}

export interface DocumentReference extends Base<'DocumentReference'> {
  extension?: { url: string; valueString?: string }[]
  status: string
  masterIdentifier?: Identifier
  docStatus?: string
  type?: CodeableConcept
  category?: CodeableConcept[]
  date?: string
  author?: Reference[]
  description?: string
  content?: { attachment?: Attachment }[]
}

export interface CarePlan extends Base<'CarePlan'> {
  status: string
  title?: string
  description?: string
  period?: Period
  intent?: string
  subject?: Reference
  note?: Annotation[]
  author?: Reference
  activity?: { detail?: { status?: string; description?: string; code?: CodeableConcept } }[]
}

export interface Goal extends Base<'Goal'> {
  lifecycleStatus?: string
  achievementStatus?: CodeableConcept
  description?: CodeableConcept
  subject?: Reference
  startDate?: string
  note?: Annotation[]
  target?: { dueDate?: string }[]
}

export interface Coverage extends Base<'Coverage'> {
  status: string
  type?: CodeableConcept
  subscriberId?: string
  period?: Period
  payor?: Reference[]
  order?: number
  beneficiary?: Reference
}

export interface Consent extends Base<'Consent'> {
  status: string
  scope?: CodeableConcept
  category?: CodeableConcept[]
  dateTime?: string
  patient?: Reference
  performer?: Reference[]
  policyRule?: CodeableConcept
  provision?: { type?: string; period?: Period }
}

export interface RelatedPerson extends Base<'RelatedPerson'> {
  active?: boolean
  relationship?: CodeableConcept[]
  name?: HumanName[]
  telecom?: ContactPoint[]
  address?: Address[]
}

export interface Flag extends Base<'Flag'> {
  status: string
  category?: CodeableConcept[]
  code?: CodeableConcept
  period?: Period
  subject?: Reference
  author?: Reference
}

export interface Procedure extends Base<'Procedure'> {
  status: string
  code?: CodeableConcept
  performedDateTime?: string
  performedPeriod?: Period
}

export interface Organization extends Base<'Organization'> {
  name?: string
}

export type Resource =
  | Patient
  | Encounter
  | AllergyIntolerance
  | Condition
  | MedicationRequest
  | MedicationStatement
  | Immunization
  | Observation
  | DiagnosticReport
  | Composition
  | DocumentReference
  | CarePlan
  | Goal
  | Coverage
  | Consent
  | RelatedPerson
  | Flag
  | Procedure
  | Location
  | Organization

export type Type = Resource['resourceType']
export type Of<T extends Type> = Extract<Resource, { resourceType: T }>

export interface Bundle<R extends Resource = Resource> {
  resourceType: 'Bundle'
  type: string
  total?: number
  link?: { relation: string; url: string }[]
  entry?: { resource?: R; response?: { status: string; location?: string; etag?: string } }[]
}

export interface CapabilityStatement {
  resourceType: 'CapabilityStatement'
  rest?: { resource?: { type: string; searchParam?: { name: string }[] }[] }[]
}
