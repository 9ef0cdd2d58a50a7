import type { Answer, Answers } from '@/api/noteTypes'
import { differing, same, withAnswer } from './answers'

/** Fields that two wrote differently, with what the others wrote. Mine stands in the form. */
export type Clashes = Record<string, Answer[]>

export interface Joined {
  /** As the form shows it. */
  answers: Answers
  clashes: Clashes
  /** Fields that came from the others. */
  came: string[]
}

/**
 * Field by field against what both started from. What only one changed is taken; what both changed alike is one; what
 * both changed is a clash until somebody chooses.
 */
export function join(base: Answers, mine: Answers, theirs: Answers, before: Clashes = {}): Joined {
  let answers = theirs
  const came: string[] = []
  const clashes: Clashes = {}
  const changed = new Set([...differing(base, mine), ...Object.keys(before)])
  for (const linkId of changed) {
    if (same(mine[linkId], theirs[linkId])) continue
    answers = withAnswer(answers, linkId, mine[linkId] ?? [])
    if (before[linkId] || !same(base[linkId], theirs[linkId])) clashes[linkId] = theirs[linkId] ?? []
  }
  for (const linkId of differing(base, theirs)) if (!changed.has(linkId)) came.push(linkId)
  return { answers, clashes, came }
}

/**
 * What both started from, when what was sent may have arrived though no answer came: where the server has just that, it
 * is nobody else's word.
 */
export function knowing(base: Answers, sent: readonly Answers[], theirs: Answers): Answers {
  let known = base
  for (const linkId of differing(base, theirs))
    if (sent.some((it) => same(it[linkId], theirs[linkId])))
      known = withAnswer(known, linkId, theirs[linkId] ?? [])
  return known
}

/** What may be sent: what the others wrote stays theirs until somebody chose. */
export function sendable(answers: Answers, clashes: Clashes): Answers {
  let sent = answers
  for (const [linkId, theirs] of Object.entries(clashes)) sent = withAnswer(sent, linkId, theirs)
  return sent
}
