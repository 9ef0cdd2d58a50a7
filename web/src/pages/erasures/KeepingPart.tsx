import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { NotFoundPage } from '@/app/ErrorPages'
import { Part } from '@/pages/chart/Part'
import { useChart } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { KeepingPanel } from './KeepingPanel'
import './texts'

/** The section of a chart that is about the record itself: what holds and restricts it, and its end. */
export function KeepingPart() {
  const { t } = useTranslation()
  const { id, patient, may } = useChart()
  const opened = useReopen(id)
  if (!may('records.keep')) return <NotFoundPage />
  return (
    <Part title={t('erasures.title')}>
      <KeepingPanel patient={id} name={nameOf(patient.name)} onOpened={opened} />
    </Part>
  )
}

/** Loads the chart anew once it may be another: it closed, or opened again. */
export function useReopen(patient: string) {
  const client = useQueryClient()
  const router = useRouter()
  return (restricted: boolean) => {
    if (!restricted) http.legal.delete(patient)
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[2] === 'fhir' && queryKey[4] === patient })
    void router.invalidate()
  }
}
