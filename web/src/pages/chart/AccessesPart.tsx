import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AccessList } from '@/pages/accesses/AccessList'
import { Period } from '@/pages/accesses/Period'
import { Part } from './Part'
import { useChart } from './useChart'

/** Who did what with this chart. That one asks is in it too. */
export function AccessesPart() {
  const { t } = useTranslation()
  const { id } = useChart()
  const [days, setDays] = useState<number>(30)
  return (
    <Part title={t('chart.section_accesses')} actions={<Period days={days} onChange={setDays} />}>
      <AccessList key={days} patient={id} days={days} />
    </Part>
  )
}
