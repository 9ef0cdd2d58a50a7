import { useQueries } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { CURRENT_STAY } from '@/pages/chart/essentials'
import { ChartOf } from '@/pages/chart/useChart'
import { VitalsForm } from '@/pages/chart/VitalsForm'
import { useMe } from '@/pages/context/useContextId'
import { Busy } from '@/ui/Busy'
import { Dialog } from '@/ui/Dialog'
import classes from './Shift.module.css'

/** The latest weights and temperatures: the units go on, and a weight is held against the last one. */
const BEFORE = { category: 'vital-signs', code: '29463-7,8310-5' }
const MOST = 20

interface Props {
  patient: string
  name: string
  onClose(): void
  onSaved(): void
}

/** The chart's own form, over the list. */
export function QuickVitals({ patient, name, onClose, onSaved }: Props) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const chart = chartQueries(context)
  const [person, stays, before] = useQueries({
    queries: [
      chart.patient(patient),
      chart.records('Encounter', patient, CURRENT_STAY),
      chart.records('Observation', patient, BEFORE, MOST),
    ],
  })
  const error = person.error ?? stays.error ?? before.error
  const ready = person.isSuccess && stays.isSuccess && before.isSuccess
  return (
    <Dialog title={t('shift.vitalsOf', { name })} onClose={onClose} wide>
      <ProblemNotice error={error} />
      {!ready && !error && <Busy label={t('shift.opening')} />}
      {ready && (
        <ChartOf value={patient}>
          <div className={classes.bare}>
            <VitalsForm
              before={before.data ?? []}
              // The name that the chart has for it: what is begun here goes on there.
              draft={`${me.organization.slug}/${me.membership}/${patient}/vitals`}
              onSending={() => undefined}
              onSaved={onSaved}
              onCancel={onClose}
            />
          </div>
        </ChartOf>
      )}
    </Dialog>
  )
}
