import type { Answers, Item, Questionnaire, Scores } from '@/api/noteTypes'
import { type Band, bandsOf, isAsked, isScore, isShown, items, ordinalOf, sameCoding } from './form'

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
    if (value !== undefined) scores[item.linkId] = { value, ...wordsOf(bandsOf(item), value) }
  }
  return scores
}

function sumOf(group: Item, questionnaire: Questionnaire, answers: Answers): number | undefined {
  let sum = 0
  let counted = false
  for (const { item } of items(group)) {
    if (item.type !== 'choice' || !isAsked(item) || !isShown(item.linkId, questionnaire, answers)) continue
    const given = answers[item.linkId] ?? []
    if (given.length === 0 && item.required) return undefined
    for (const { valueCoding } of given) {
      const option = item.answerOption?.find((it) => sameCoding(it.valueCoding, valueCoding))
      const counts = option && ordinalOf(option)
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
