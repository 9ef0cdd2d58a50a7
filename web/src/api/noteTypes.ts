import type { Decimal } from './json'
import type { components } from './schema.gen'

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

type Schemas = components['schemas']

export type NoteTemplate = Omit<Schemas['NoteTemplate'], 'questionnaire'> & { questionnaire: Questionnaire }
export type Snapshots = Schemas['NoteSnapshots']
export type Scores = Record<string, Schemas['NoteScore']>
export type DraftLine = Schemas['NoteDraftLine']
export type OwnDraftLine = Schemas['OwnNoteDraftLine']
export type NoteDraft = Omit<Schemas['NoteDraft'], 'answers' | 'last' | 'template'> & {
  template: NoteTemplate
  answers: Answers
  last: (Omit<NonNullable<Schemas['NoteDraft']['last']>, 'answers'> & { answers: Answers }) | null
}
export type Saved = Schemas['NoteDraftSaved']
export type SummarySection = Schemas['NoteSection']
export type Summary = Schemas['NoteSummary']
export type SignedNote = Omit<Schemas['Note'], 'answers'> & { answers: Answers }
