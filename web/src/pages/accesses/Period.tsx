import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'

const PERIODS = [30, 90, 365] as const

/** How far back one looks, in days. */
export function Period({ days, onChange }: { days: number; onChange(days: number): void }) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      size="md"
      label={t('accesses.period')}
      value={days}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
      data={PERIODS.map((it) => ({ value: String(it), label: t(`accesses.period_${it}`) }))}
    />
  )
}
