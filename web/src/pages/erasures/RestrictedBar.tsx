import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { erasureQueries } from '@/api/erasures'
import { useChart } from '@/pages/chart/useChart'
import { Notice } from '@/ui/Notice'
import './texts'

/** Above a chart that is restricted: who sees it looks for a legal reason. */
export function RestrictedBar() {
  const { t } = useTranslation()
  const { context, id } = useChart()
  const { data } = useQuery(erasureQueries(context).restriction(id))
  if (!data?.restricted) return null
  return <Notice kind="warn">{t('erasures.looking')}</Notice>
}
