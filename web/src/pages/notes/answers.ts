import { Decimal, write } from '@/api/json'
import type { Answer, Answers, Item, Questionnaire } from '@/api/noteTypes'
import { texts } from '@/texts'
import { atMoment, onDay } from '@/texts/zone'
import { isAsked, items, num, numText } from './form'

/** Of a coding only what says which it is counts: words may have been put better since. */
const exact = (it: Answer): string =>
  it.valueCoding ? write({ c: it.valueCoding.code, s: it.valueCoding.system ?? '' }) : write(sorted(it))

/** With the members of every object in one order. */
function sorted(value: unknown): unknown {
  // 37.0 and 37 are one answer, however each was written.
  if (value instanceof Decimal) return num(value)
  if (!value || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const members = Object.entries(value).filter(([, it]) => it !== undefined && it !== null)
  return Object.fromEntries(
    members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, it]) => [key, sorted(it)]),
  )
}

/** Nothing but spaces is no answer. */
const said = (given: Answer[] | undefined) =>
  (given ?? []).filter((it) => it.valueString === undefined || it.valueString.trim() !== '')

export function same(a: Answer[] | undefined, b: Answer[] | undefined): boolean {
  const [one, other] = [said(a), said(b)]
  return one.length === other.length && one.every((it, i) => exact(it) === exact(other[i] as Answer))
}

/** The linkIds whose answers differ. */
export function differing(a: Answers, b: Answers): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((it) => !same(a[it], b[it]))
}

/** With one item's answers replaced; nothing answered is no entry. */
export function withAnswer(answers: Answers, linkId: string, given: Answer[]): Answers {
  const { [linkId]: _, ...rest } = answers
  return given.length === 0 ? rest : { ...rest, [linkId]: given }
}

/** An answer as it is read. */
export function words(given: Answer[] | undefined, item: Item, zone: string): string {
  return (given ?? []).map((it) => wordsOf(it, item, zone)).join(', ')
}

function wordsOf(it: Answer, item: Item, zone: string): string {
  if (it.valueString !== undefined) return it.valueString
  if (it.valueCoding) {
    const option = item.answerOption?.find((one) => one.valueCoding?.code === it.valueCoding?.code)
    return it.valueCoding.display ?? option?.valueCoding?.display ?? it.valueCoding.code ?? ''
  }
  if (it.valueInteger !== undefined) return String(it.valueInteger)
  if (it.valueDecimal !== undefined) return numText(it.valueDecimal)
  if (it.valueQuantity)
    return `${numText(it.valueQuantity.value)} ${it.valueQuantity.unit ?? it.valueQuantity.code ?? ''}`.trim()
  if (it.valueBoolean !== undefined) return texts.t(it.valueBoolean ? 'notes.yes' : 'notes.no')
  if (it.valueDate) return onDay(it.valueDate, zone)
  if (it.valueDateTime) return atMoment(it.valueDateTime, zone)
  return it.valueTime?.slice(0, 5) ?? ''
}

/** What was changed, a line an item, to be read or copied where the form is not. */
export function linesOf(questionnaire: Questionnaire, was: Answers, is: Answers, zone: string): string[] {
  const changed = new Set(differing(was, is))
  const lines: string[] = []
  for (const { item } of items(questionnaire)) {
    if (!isAsked(item) || !changed.has(item.linkId)) continue
    const said = words(is[item.linkId], item, zone)
    if (said) lines.push(`${item.text ?? ''}: ${said}`)
  }
  return lines
}
