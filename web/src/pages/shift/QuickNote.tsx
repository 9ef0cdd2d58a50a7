import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { ChartOf } from '@/pages/chart/useChart'
import { useMe } from '@/pages/context/useContextId'
import { NewNote } from '@/pages/notes/NewNote'
import { Dialog } from '@/ui/Dialog'

interface Props {
  patient: string
  name: string
  onClose(): void
}

/** Which note: it is written in the chart, from which there is a way back to here. */
export function QuickNote({ patient, name, onClose }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data, error } = useQuery(chartQueries(context).patient(patient))
  if (error)
    return (
      <Dialog title={t('shift.noteOf', { name })} onClose={onClose}>
        <ProblemNotice error={error} />
      </Dialog>
    )
  return (
    data && (
      <ChartOf value={patient}>
        <NewNote onClose={onClose} />
      </ChartOf>
    )
  )
}
