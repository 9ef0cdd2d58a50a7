import { Button, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { platform, type UsageAccount } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { when } from '@/texts/when'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import classes from './Console.module.css'
import { money } from './faults'
import { useAbove } from './useAbove'

/** This month and the eleven before it, newest first (UTC). */
function months(now: number): string[] {
  const today = new Date(now)
  return Array.from({ length: 12 }, (_, back) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  )
}

const total = (account: UsageAccount) =>
  account.totals.map((it) => money(it.cents, it.currency)).join(' + ') || '0'

export function UsageSection({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { may } = useAbove()
  const cache = useQueryClient()
  const [choices] = useState(() => months(http.now()))
  const [month, setMonth] = useState(choices[1] ?? '')
  const query = platformQueries.usage(slug, month)
  const { data: usage, error } = useQuery(query)
  const fix = useMutation({
    mutationFn: () => platform.fixUsage(slug, month),
    onSuccess: (fixed) => cache.setQueryData(query.queryKey, fixed),
  })
  return (
    <Section title={t('platform.usage')} lead={t('platform.usageLead')}>
      <Stack>
        <NativeSelect
          size="md"
          className={classes.narrow}
          label={t('platform.usageMonth')}
          value={month}
          data={choices}
          onChange={(event) => {
            fix.reset()
            setMonth(event.currentTarget.value)
          }}
        />
        <ProblemNotice error={error} />
        {usage && (
          <>
            {!usage.finished && <Notice kind="info">{t('platform.running')}</Notice>}
            {usage.reading && (
              <Notice kind={usage.agrees ? 'good' : 'bad'}>
                {t('platform.fixed', {
                  when: when(usage.reading.taken_at),
                  count: usage.reading.account.clinicians,
                  total: total(usage.reading.account),
                })}{' '}
                {usage.agrees ? t('platform.agrees') : t('platform.disagrees')}
              </Notice>
            )}
            <Text fw={600}>{t('platform.clinicians', { count: usage.now.clinicians })}</Text>
            <Lines account={usage.now} />
            <ProblemNotice error={fix.error} />
            {usage.finished && !usage.reading && may('platform.plans') && (
              <div>
                <Button variant="default" loading={fix.isPending} onClick={() => fix.mutate()}>
                  {t('platform.fix')}
                </Button>
              </div>
            )}
          </>
        )}
      </Stack>
    </Section>
  )
}

function Lines({ account }: { account: UsageAccount }) {
  const { t } = useTranslation()
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{t('platform.what')}</th>
            <th>{t('platform.plan')}</th>
            <th>{t('platform.days')}</th>
            <th data-number>{t('platform.quantity')}</th>
            <th data-number>{t('platform.unit')}</th>
            <th data-number>{t('platform.amount')}</th>
          </tr>
        </thead>
        <tbody>
          {account.lines.map((line) => (
            <tr key={`${line.what} ${line.plan} ${line.plan_version} ${line.days}`}>
              <th scope="row">{t(`platform.what_${line.what as 'base'}`)}</th>
              <td>{t('platform.planNow', { plan: line.plan, version: line.plan_version })}</td>
              <td>{t('platform.daysOf', { days: line.days, of: line.of_days })}</td>
              <td data-number>{line.quantity}</td>
              <td data-number>{money(line.unit_cents, line.currency)}</td>
              <td data-number>{money(line.cents, line.currency)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={5}>
              {t('platform.total')}
            </th>
            <td data-number>{total(account)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  )
}
