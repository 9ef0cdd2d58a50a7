import { useTranslation } from 'react-i18next'
import type { imports } from '@/texts/en/imports'

type Key = keyof typeof imports
type Rest<Prefix extends string> = Key extends infer One
  ? One extends `${Prefix}${infer R}`
    ? R
    : never
  : never

/** What fields are called. */
export function useFieldWords() {
  const { t } = useTranslation()
  return (field: string): string => t(`imports.field_${field as Rest<'field_'>}`, { defaultValue: field })
}

/** What faults are called. */
export function useFaultWords() {
  const { t } = useTranslation()
  return (fault: string): string => t(`imports.fault_${fault as Rest<'fault_'>}`, { defaultValue: fault })
}

/** A column as spreadsheet programs call it. */
export function letterOf(at: number): string {
  const rest = at >= 26 ? letterOf(Math.floor(at / 26) - 1) : ''
  return rest + String.fromCharCode(65 + (at % 26))
}
