import { NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AccessList } from '@/pages/accesses/AccessList'
import { Part } from './Part'
import { useChart } from './useChart'

const PERIODS = [30, 90, 365] as const

/** Who did what with this chart. That one asks is in it too. */
export function AccessesPart() {
  const { t } = useTranslation()
  const { id } = useChart()
  const [days, setDays] = useState<number>(30)
  return (
    <Part
      title={t('chart.section_accesses')}
      actions={
        <NativeSelect
          aria-label={t('accesses.period')}
          value={days}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
          data={PERIODS.map((it) => ({ value: String(it), label: t(`accesses.period_${it}`) }))}
        />
      }
    >
      <AccessList key={days} patient={id} days={days} />
    </Part>
  )
}
