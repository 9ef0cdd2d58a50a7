import { useTranslation } from 'react-i18next'
import { ApiError, Declined, Unreachable } from '@/api/errors'
import { ProblemNotice } from '@/app/ProblemNotice'
import { Notice } from '@/ui/Notice'

/** What went wrong with a record, and what became of what was typed. */
export function ChartProblem({ error, unsaved }: { error: unknown; unsaved?: boolean }) {
  const { t } = useTranslation()
  if (!error || error instanceof Declined) return null
  if (unsaved && error instanceof Unreachable) return <Notice kind="bad">{t('chart.maybeSaved')}</Notice>
  if (error instanceof ApiError) {
    if (error.status === 400 || error.status === 422) return <Notice kind="bad">{t('chart.refused')}</Notice>
    if (error.status === 403 || error.status === 404)
      return <Notice kind="bad">{t('chart.notAllowed')}</Notice>
    if (error.status >= 500 && unsaved) return <Notice kind="bad">{t('chart.maybeSaved')}</Notice>
  }
  return <ProblemNotice error={error} />
}
