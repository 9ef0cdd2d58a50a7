import { ApiError } from '@/api/errors'
import type { templates } from '@/texts/en/templates'

type FaultKey = Extract<keyof typeof templates, `fault_${string}`>

export interface Fault {
  /** The item; nothing for the whole. */
  linkId?: string
  key?: FaultKey
  /** As the server says it, where there are no words of ours. */
  rule: string
}

const WORDS: [RegExp, FaultKey][] = [
  [/without answerOption|valueCoding with system/, 'fault_options'],
  [/^text: /, 'fault_text'],
  [/^title: /, 'fault_title'],
  [/group without items/, 'fault_empty'],
  [/^item: at least one section/, 'fault_section'],
  [/questionnaire-unit/, 'fault_unit'],
  [/^enableWhen/, 'fault_condition'],
  [/minValue above/, 'fault_bounds'],
  [/^note-band/, 'fault_band'],
  [/given twice/, 'fault_twice'],
  [/^ordinalValue/, 'fault_ordinal'],
  [/more than \d+ (items|options)/, 'fault_most'],
  [/^maxLength/, 'fault_length'],
]

/** What the server found wrong, each with where: "item NAME: rule". */
export function faultsIn(error: unknown): Fault[] {
  if (!(error instanceof ApiError && error.code === 'template-invalid')) return []
  const given = error.problem.faults
  if (!Array.isArray(given)) return []
  return given.flatMap((text: unknown) => {
    if (typeof text !== 'string') return []
    const at = text.indexOf(': ')
    const rule = text.slice(at + 2)
    const linkId = /^item ([A-Za-z0-9._-]+)/.exec(text.slice(0, at))?.[1]
    return [{ linkId, rule, key: WORDS.find(([pattern]) => pattern.test(rule))?.[1] }]
  })
}
