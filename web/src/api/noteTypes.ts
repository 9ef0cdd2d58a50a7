import type { Decimal } from './json'

/** What the notes API says and hears. Answers are FHIR's values by linkId; templates are FHIR Questionnaires. */

/** A number; where its digits say more than a number keeps, such as 37.0, as they were written. */
export type Num = number | Decimal

export interface Coding {
  system?: string
  code?: string
  display?: string
  extension?: Extension[]
}

export interface Quantity {
  value: Num
  unit?: string
  system?: string
  code?: string
}

export interface Answer {
  valueString?: string
  valueCoding?: Coding
  valueInteger?: number
  valueDecimal?: Num
  valueQuantity?: Quantity
  valueBoolean?: boolean
  valueDate?: string
  valueDateTime?: string
  valueTime?: string
}

export type Answers = Record<string, Answer[]>

export interface Extension {
  url: string
  valueCode?: string
  valueString?: string
  valueInteger?: number
  valueDecimal?: Num
  valueBoolean?: boolean
  valueCoding?: Coding
  valueCodeableConcept?: { coding?: Coding[]; text?: string }
  valueExpression?: { language: string; expression: string }
  extension?: Extension[]
}

export interface Option {
  valueCoding?: Coding
  extension?: Extension[]
}

export interface Condition extends Answer {
  question: string
  operator: '=' | 'exists'
  answerBoolean?: boolean
  answerCoding?: Coding
  answerString?: string
  answerInteger?: number
}

export const ITEM_TYPES = [
  'choice',
  'open-choice',
  'text',
  'string',
  'boolean',
  'integer',
  'decimal',
  'quantity',
  'date',
  'dateTime',
  'time',
  'display',
  'group',
] as const
export type ItemType = (typeof ITEM_TYPES)[number]

export interface Item {
  linkId: string
  type: ItemType
  text?: string
  code?: Coding[]
  required?: boolean
  repeats?: boolean
  readOnly?: boolean
  maxLength?: number
  enableWhen?: Condition[]
  answerOption?: Option[]
  extension?: Extension[]
  item?: Item[]
}

export interface Questionnaire {
  resourceType: 'Questionnaire'
  url?: string
  version?: string
  title?: string
  status?: string
  code?: Coding[]
  extension?: Extension[]
  item?: Item[]
}

export interface NoteTemplate {
  /** `<url>|<version>` */
  template: string
  url: string
  version: string
  title: string
  status: 'draft' | 'active' | 'retired'
  /** Ours, and not changed by the organization yet. */
  standard: boolean
  kind: string
  step_up: boolean
  co_sign: boolean
  questionnaire: Questionnaire
}

export interface Author {
  membership: number
  name: string
}

export interface SnapshotEntry {
  text: string
  value: string | null
  at: string | null
  reference: string
}
export interface Snapshot {
  taken_at: string
  entries: SnapshotEntry[]
}
export interface Snapshots {
  vitals: Snapshot | null
  medications: Snapshot | null
}

export interface Score {
  value: number
  text?: string | null
  alert?: boolean | null
}
export type Scores = Record<string, Score>

export interface DraftLine {
  id: string
  title: string
  template: string
  author: Author
  own: boolean
  started_at: string
  saved_at: string
  saved_by: Author
  version: number
}

export interface NoteDraft {
  id: string
  patient: string
  template: NoteTemplate
  answers: Answers
  last: { composition: string; at: string; by: string; answers: Answers } | null
  corrects: string | null
  snapshots: Snapshots
  scores: Scores
  author: Author
  own: boolean
  started_at: string
  saved_at: string
  saved_by: Author
  version: number
}

export interface Saved {
  version: number
  saved_at: string
  scores: Scores
}

export interface SummarySection {
  title: string
  lines: string[]
}
export interface Summary {
  sections: SummarySection[]
  missing: string[]
}

export interface Signature {
  at: string
  by: string
}
export interface SignedNote {
  composition: string
  title: string
  signed: Signature
  co_signed: Signature[]
  needs_co_sign: boolean
  addenda: { composition: string; at: string; by: string; text: string }[]
  replaces: string | null
  replaced_by: string | null
  intact: boolean
  hash: string
  sections: SummarySection[]
  template: string
  answers: Answers
}
