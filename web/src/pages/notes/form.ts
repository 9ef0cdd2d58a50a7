import { Decimal } from '@/api/json'
import type { Answer, Answers, Coding, Extension, Item, Num, Option, Questionnaire } from '@/api/noteTypes'

/** How a template is read: its extensions, its items in order, and which of them count now. */

const OURS = 'https://lamplight.health/fhir/StructureDefinition/'
export const CARRY = `${OURS}note-carry`
export const BAND = `${OURS}note-band`
/** On a choice of a score: an option that counts is an alert by itself. */
export const ALERT = `${OURS}note-alert`
export const STEP_UP = `${OURS}note-step-up`
export const CO_SIGN = `${OURS}note-co-sign`
const HL7 = 'http://hl7.org/fhir/StructureDefinition/'
export const ORDINAL = `${HL7}ordinalValue`
export const UNIT = `${HL7}questionnaire-unit`
export const MIN = `${HL7}minValue`
export const MAX = `${HL7}maxValue`
export const CALCULATED =
  'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression'
export const UCUM = 'http://unitsofmeasure.org'

export const num = (it: Num): number => (it instanceof Decimal ? Number(it.text) : it)
export const numText = (it: Num): string => (it instanceof Decimal ? it.text : String(it))

export const extensionOf = (of: { extension?: Extension[] } | undefined, url: string) =>
  of?.extension?.find((it) => it.url === url)

/** Every item below, in the order of the page, with the groups it stands in. */
export function* items(
  of: { item?: Item[] },
  within: Item[] = [],
): Generator<{ item: Item; within: Item[] }> {
  for (const item of of.item ?? []) {
    yield { item, within }
    yield* items(item, [...within, item])
  }
}

export const itemOf = (questionnaire: Questionnaire, linkId: string): Item | undefined => {
  for (const { item } of items(questionnaire)) if (item.linkId === linkId) return item
  return undefined
}

export const isScore = (item: Item): boolean => item.readOnly === true && item.type === 'integer'
/** What can be answered. */
export const isAsked = (item: Item): boolean =>
  item.type !== 'group' && item.type !== 'display' && !isScore(item)

/** Whether a new note opens with what the last one said. */
export function carries(item: Item): boolean {
  const said = extensionOf(item, CARRY)?.valueCode
  if (said) return said === 'last'
  return ['choice', 'open-choice', 'text', 'string'].includes(item.type)
}

export const unitOf = (item: Item): Coding | undefined => extensionOf(item, UNIT)?.valueCoding

function limit(item: Item, url: string): number | undefined {
  const found = extensionOf(item, url)
  if (found?.valueInteger !== undefined) return found.valueInteger
  return found?.valueDecimal === undefined ? undefined : num(found.valueDecimal)
}
export const limitsOf = (item: Item) => ({ low: limit(item, MIN), high: limit(item, MAX) })

export function ordinalOf(option: Option): number | undefined {
  const found = extensionOf(option.valueCoding, ORDINAL) ?? extensionOf(option, ORDINAL)
  if (found?.valueDecimal !== undefined) return num(found.valueDecimal)
  return found?.valueInteger
}

export interface Band {
  low?: number
  high?: number
  text: string
  alert: boolean
}

export const bandsOf = (item: Item): Band[] =>
  (item.extension ?? [])
    .filter((it) => it.url === BAND)
    .map((it) => ({
      low: extensionOf(it, 'low')?.valueInteger,
      high: extensionOf(it, 'high')?.valueInteger,
      text: extensionOf(it, 'text')?.valueString ?? '',
      alert: extensionOf(it, 'alert')?.valueBoolean === true,
    }))

export const sameCoding = (a: Coding | undefined, b: Coding | undefined): boolean =>
  a !== undefined && b !== undefined && a.code === b.code && (a.system ?? '') === (b.system ?? '')

const isAnswered = (answers: Answers, linkId: string) => (answers[linkId] ?? []).length > 0

/** Whether an item's own condition holds. What a condition asks about must itself be shown. */
function holds(item: Item, questionnaire: Questionnaire, answers: Answers, deep: number): boolean {
  const [condition] = item.enableWhen ?? []
  if (!condition) return true
  const given = isShown(condition.question, questionnaire, answers, deep + 1)
    ? (answers[condition.question] ?? [])
    : []
  if (condition.operator === 'exists') return given.length > 0 === (condition.answerBoolean ?? true)
  return given.some((it) => fits(it, condition))
}

function fits(answer: Answer, condition: NonNullable<Item['enableWhen']>[number]): boolean {
  if (condition.answerCoding) return sameCoding(answer.valueCoding, condition.answerCoding)
  if (condition.answerBoolean !== undefined) return answer.valueBoolean === condition.answerBoolean
  if (condition.answerString !== undefined) return answer.valueString === condition.answerString
  if (condition.answerInteger !== undefined) return answer.valueInteger === condition.answerInteger
  return false
}

/** Whether an item is on the page, given what was answered so far. A condition that asks in a circle does not hold. */
export function isShown(linkId: string, questionnaire: Questionnaire, answers: Answers, deep = 0): boolean {
  if (deep > 20) return false
  for (const { item, within } of items(questionnaire))
    if (item.linkId === linkId)
      return [...within, item].every((it) => holds(it, questionnaire, answers, deep))
  return false
}

/** The linkIds of required items that are shown and not answered. */
export function missingOf(questionnaire: Questionnaire, answers: Answers): string[] {
  const missing: string[] = []
  for (const { item } of items(questionnaire))
    if (
      item.required &&
      isAsked(item) &&
      !isAnswered(answers, item.linkId) &&
      isShown(item.linkId, questionnaire, answers)
    )
      missing.push(item.linkId)
  return missing
}
