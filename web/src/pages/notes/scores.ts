import type { Answers, Item, Questionnaire, Scores } from '@/api/noteTypes'
import { ALERT, type Band, bandsOf, extensionOf, isScore, isShown, items, ordinalOf } from './form'

/**
 * The sum of what the options chosen in the score's group count. None before every required choice of the group is
 * answered. The server decides; this is what the page shows until it has.
 */
export function scoresOf(questionnaire: Questionnaire, answers: Answers): Scores {
  const scores: Scores = {}
  for (const { item, within } of items(questionnaire)) {
    const group = within.at(-1)
    if (!isScore(item) || !group || !isShown(item.linkId, questionnaire, answers)) continue
    const value = sumOf(group, questionnaire, answers)
    if (value === undefined) continue
    const { text, alert } = wordsOf(bandsOf(item), value)
    scores[item.linkId] = { value, text, alert: alert || isAlerted(group, answers) }
  }
  return scores
}

const chosenIn = (item: Item, answers: Answers) =>
  (answers[item.linkId] ?? []).flatMap(({ valueCoding }) =>
    valueCoding ? (item.answerOption?.find((it) => it.valueCoding?.code === valueCoding.code) ?? []) : [],
  )

/** Whether an answer was given that is an alert whatever the sum. */
const isAlerted = (group: Item, answers: Answers): boolean =>
  (group.item ?? []).some(
    (item) =>
      extensionOf(item, ALERT)?.valueBoolean === true &&
      chosenIn(item, answers).some((option) => (ordinalOf(option) ?? 0) > 0),
  )

function sumOf(group: Item, questionnaire: Questionnaire, answers: Answers): number | undefined {
  let sum = 0
  let counted = false
  for (const item of group.item ?? []) {
    const chooses = item.type === 'choice' || item.type === 'open-choice'
    if (!chooses || !isShown(item.linkId, questionnaire, answers)) continue
    if ((answers[item.linkId] ?? []).length === 0 && item.required) return undefined
    for (const option of chosenIn(item, answers)) {
      const counts = ordinalOf(option)
      if (counts === undefined) continue
      sum += counts
      counted = true
    }
  }
  return counted ? sum : undefined
}

/** What a sum means: the first band it lies in. */
export function wordsOf(bands: Band[], value: number): { text: string | null; alert: boolean } {
  const band = bands.find(
    (it) => (it.low === undefined || it.low <= value) && (it.high === undefined || value <= it.high),
  )
  return { text: band?.text ?? null, alert: band?.alert ?? false }
}
