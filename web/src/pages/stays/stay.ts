import type { Stay } from '@/api/charts'

/** Whether somebody stays, here or away for a while. */
export const isCurrent = (stay: Stay) =>
  ['arrived', 'triaged', 'in-progress', 'onleave'].includes(stay.status)

/** Where people go, as HL7 calls it. */
export const DISPOSITIONS = [
  'home',
  'alt-home',
  'other-hcf',
  'hosp',
  'long',
  'snf',
  'rehab',
  'aadvice',
  'exp',
  'oth',
] as const

export const dispositionOf = (code: string) => DISPOSITIONS.find((it) => it === code) ?? 'oth'
