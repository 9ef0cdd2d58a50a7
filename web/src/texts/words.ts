import { permissions } from './en/account'
import { stepUpActions } from './en/factors'
import { areas } from './en/people'
import { statuses } from './en/sections'

/** By a key that may be one of the catalogue's; an unknown one is no word. */
export const lookUp = (words: Record<string, string>, key: string) =>
  Object.hasOwn(words, key) ? words[key] : undefined

/** A permission in words; one this app does not know yet is shown by its key. */
export const permissionWords = (key: string): string => lookUp(permissions, key) ?? key

/** Every permission that this app knows, in the order in which they are shown. */
export const PERMISSIONS: readonly string[] = Object.keys(permissions).filter(
  (key) => !['chart.history', 'chart.create', 'chart.update'].includes(key),
)

/** The areas of the clinic's work that permissions are shown by, each with its keys. */
export function byArea(keys: readonly string[]): { area: string; keys: string[] }[] {
  const found = new Map<string, string[]>()
  for (const key of keys) {
    const first = key.split('.')[0] ?? ''
    const area = lookUp(areas, first) ?? lookUp(areas, 'other') ?? first
    found.set(area, [...(found.get(area) ?? []), key])
  }
  return [...found].map(([area, of]) => ({ area, keys: of }))
}

/** What a step-up is for, to stand after "before we". */
export const actionWords = (action: string): string => lookUp(stepUpActions, action) ?? 'go on'

/** The state of a record in words. */
export const statusWords = (status: string | undefined): string =>
  status ? (lookUp(statuses, status) ?? status) : ''
