import { Button, Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type FiguresNow, oversightQueries } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Section } from '@/ui/Section'
import classes from './Oversight.module.css'
import { Scroll } from './Scroll'

interface Site {
  code: string
  name: string
}

/** What waits now, by facility. It looks at records, so it is asked for. */
export function NowTiles({ facilities }: { facilities: readonly Site[] }) {
  const { t } = useTranslation()
  const [shown, setShown] = useState(false)
  return (
    <Section title={t('oversight.now')} lead={t('oversight.nowLead')}>
      {shown ? (
        <NowTable facilities={facilities} />
      ) : (
        <div>
          <Button variant="default" onClick={() => setShown(true)}>
            {t('oversight.nowShow')}
          </Button>
        </div>
      )}
    </Section>
  )
}

function NowTable({ facilities }: { facilities: readonly Site[] }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const found = useQueries({ queries: facilities.map((it) => oversightQueries(context).now(it.code)) })
  const failed = found.find((it) => it.error)
  const said = (now: FiguresNow | undefined, count: (now: FiguresNow) => number | null | undefined) => {
    if (!now) return '…'
    return count(now) ?? t('oversight.hidden')
  }
  return (
    <>
      <ProblemNotice error={failed?.error} />
      <Scroll label={t('oversight.now')}>
        <table className={classes.table} aria-label={t('oversight.now')}>
          <thead>
            <tr>
              <th scope="col">{t('oversight.site')}</th>
              <th scope="col" data-number>
                {t('oversight.tasksOverdue')}
              </th>
              <th scope="col" data-number>
                {t('oversight.tasksOpen')}
              </th>
              <th scope="col" data-number>
                {t('oversight.dosesLate')}
              </th>
              <th scope="col" data-number>
                {t('oversight.dosesMissed')}
              </th>
            </tr>
          </thead>
          <tbody>
            {facilities.map((site, i) => (
              <tr key={site.code}>
                <th scope="row">{site.name}</th>
                <td data-number>{said(found[i]?.data, (it) => it.tasks_overdue)}</td>
                <td data-number>{said(found[i]?.data, (it) => it.tasks_open)}</td>
                <td data-number>{said(found[i]?.data, (it) => it.doses_late)}</td>
                <td data-number>{said(found[i]?.data, (it) => it.doses_missed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Text c="dimmed" size="sm">
        {t('oversight.lastHours')}
      </Text>
    </>
  )
}
