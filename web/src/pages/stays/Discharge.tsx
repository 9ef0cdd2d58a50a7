import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chartsIn, chartsQueries, type Stay } from '@/api/charts'
import { useChart } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { Notice } from '@/ui/Notice'
import { StayForm } from './StayForm'
import { DISPOSITIONS } from './stay'

/** The end of a stay. What would be left open is said before. */
export function Discharge({ stay, onDone }: { stay: Stay; onDone(): void }) {
  const { t } = useTranslation()
  const { context, id, patient } = useChart()
  return (
    <StayForm
      form="discharge"
      title={t('stays.dischargeTitle', { name: nameOf(patient.name) })}
      submit={t('stays.save_discharge')}
      begin={{ disposition: 'home' }}
      above={<Loose context={context} patient={id} />}
      fields={[
        {
          key: 'disposition',
          label: t('stays.disposition'),
          kind: 'select',
          options: DISPOSITIONS.map((value) => ({ value, label: t(`stays.end_${value}`) })),
        },
        { key: 'destination', label: t('stays.destination'), kind: 'text' },
      ]}
      send={async ({ disposition, destination }, at) => {
        await chartsIn(context).discharge(stay, {
          disposition,
          destination: destination?.trim() || undefined,
          at,
        })
        return undefined
      }}
      onDone={onDone}
    />
  )
}

function Loose({ context, patient }: { context: string; patient: string }) {
  const { t } = useTranslation()
  const { data } = useQuery(chartsQueries(context).looseEnds(patient))
  if (!data) return null
  const lines = (['medications', 'orders', 'tasks'] as const).flatMap((kind) => {
    const count = data[kind] ?? 0
    return count > 0 ? [t(`stays.loose_${kind}`, { count })] : []
  })
  if (lines.length === 0) return <Notice kind="info">{t('stays.nothingLoose')}</Notice>
  return (
    <Notice kind="warn">
      {t('stays.loose')}
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </Notice>
  )
}
