import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { refreshCharts } from '@/api/chartQueries'
import { chartsIn, chartsQueries, type Merge } from '@/api/charts'
import { hasCode } from '@/api/errors'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { Entry, Group } from '@/pages/chart/Part'
import { useChart } from '@/pages/chart/useChart'
import { onDay } from '@/texts/zone'
import { Notice } from '@/ui/Notice'

const REFUSALS = { 'too-late': 'tooLate', elsewhere: 'elsewhere', 'merged-on': 'mergedOn' } as const

/** What was merged into this chart, and undoing it. */
export function MergeList() {
  const { t } = useTranslation()
  const { context, id, zone } = useChart()
  const client = useQueryClient()
  const { data } = useQuery(chartsQueries(context).merges(id))
  const undo = useMutation({
    mutationFn: (it: Merge) => chartsIn(context).unmerge(it.into, it.merge),
    onSettled: () => refreshCharts(client, context),
  })
  if (!data || data.length === 0) return null
  const refusal = (Object.keys(REFUSALS) as (keyof typeof REFUSALS)[]).find((it) => hasCode(undo.error, it))
  return (
    <>
      <Group title={t('merges.list')}>
        {data.map((it) => (
          <Entry
            key={it.merge}
            quiet={it.undone_at !== null}
            title={t(it.into === id ? 'merges.mergedHere' : 'merges.mergedAway')}
            lines={[
              [
                onDay(it.at, zone),
                it.by && t('merges.by', { name: it.by }),
                t('merges.records', { count: it.records }),
              ]
                .filter(Boolean)
                .join(' · '),
              it.undone_at
                ? t('merges.undoneAt', { day: onDay(it.undone_at, zone) })
                : it.undoable_until && t('merges.undoable', { day: onDay(it.undoable_until, zone) }),
            ]}
            action={
              it.undoable_until &&
              it.into === id && (
                <Button variant="subtle" size="sm" loading={undo.isPending} onClick={() => undo.mutate(it)}>
                  {t('merges.undo')}
                </Button>
              )
            }
          />
        ))}
      </Group>
      {undo.data && (
        <Notice kind="good">
          {[
            t('merges.undoneTitle'),
            t('merges.undone', { count: undo.data.records }),
            undo.data.changed > 0 && t('merges.undoneChanged', { count: undo.data.changed }),
            undo.data.kept && t('merges.undoneKept'),
          ]
            .filter(Boolean)
            .join(' ')}
        </Notice>
      )}
      {refusal ? (
        <Notice kind="warn">{t(`merges.${REFUSALS[refusal]}`)}</Notice>
      ) : (
        <ChartProblem error={undo.error} />
      )}
    </>
  )
}
