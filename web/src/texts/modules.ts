import type { TFunction } from 'i18next'
import { modules } from './en/modules'

/** A part of the product in words; a key that is not known here as it is. */
export function moduleName(key: string, t: TFunction<'texts'>): string {
  return key in modules ? t(`modules.${key as 'api'}`) : key
}
