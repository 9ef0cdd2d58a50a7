import type { TFunction } from 'i18next'
import { medications } from '@/texts/en/medications'

/** Why something was not recorded, to stand after "It was not accepted:". */
export function refusalWords(code: string | null | undefined, t: TFunction<'texts'>): string {
  return code && `refusal_${code}` in medications
    ? t(`medications.refusal_${code as 'too-early'}`)
    : t('medications.refusal_wrong')
}
