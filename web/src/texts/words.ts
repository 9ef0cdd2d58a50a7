import { permissions } from './en/account'
import { stepUpActions } from './en/factors'

const lookUp = (words: Record<string, string>, key: string) =>
  Object.hasOwn(words, key) ? words[key] : undefined

/** A permission in words; one this app does not know yet is shown by its key. */
export const permissionWords = (key: string): string => lookUp(permissions, key) ?? key

/** What a step-up is for, to stand after "before we". */
export const actionWords = (action: string): string => lookUp(stepUpActions, action) ?? 'go on'
