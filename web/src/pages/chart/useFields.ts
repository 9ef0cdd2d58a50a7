import { useTranslation } from 'react-i18next'
import { onDay, today } from '@/texts/zone'
import type { FieldSpec } from './RecordForm'
import { useChart } from './useChart'
import { isEmail, isPhone } from './words'

/** The fields that many forms have, and what they say of days. */
export function useFields() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const notAhead = (day: string) => (day > today(zone) ? t('chart.inFuture') : undefined)
  return {
    note: { key: 'note', label: t('chart.note'), kind: 'area' } satisfies FieldSpec,
    /** When it ended: no day that is yet to come. */
    ended: { key: 'on', label: t('chart.endedOn'), kind: 'date', check: notAhead } satisfies FieldSpec,
    notAhead,
    phone: {
      key: 'phone',
      label: t('care.phone'),
      kind: 'tel',
      check: (value) => (isPhone(value) ? undefined : t('care.phoneWrong')),
    } satisfies FieldSpec,
    email: {
      key: 'email',
      label: t('care.email'),
      kind: 'email',
      check: (value) => (isEmail(value) ? undefined : t('care.emailWrong')),
    } satisfies FieldSpec,
    /** From when and until when, as far as it is known. */
    span: (start: string | null | undefined, end: string | null | undefined): string[] => [
      ...(start ? [t('chart.since', { day: onDay(start, zone) })] : []),
      ...(end ? [t('chart.until', { day: onDay(end, zone) })] : []),
    ],
  }
}
