import { Button, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Access } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { TakeReport } from '@/pages/oversight/TakeReport'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import classes from './AccessList.module.css'
import { byDay, type Deed, deedsOf, timeOf } from './days'
import { WhyPanel } from './WhyPanel'
import { purposeWords, recordWords, useWho, whatWords } from './words'

/** What was done with one record, day by day. */
export function AccessList({ patient, days }: { patient: string; days: number }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [asked, setAsked] = useState<Access | null>(null)
  const pages = useInfiniteQuery(contextQueries(context).accesses(patient, days))
  const first = pages.data?.pages[0]
  if (pages.isPending) return <Text role="status">{t('accesses.loading')}</Text>
  if (!first) return <ProblemNotice error={pages.error} instead={{ 'not-found': t('accesses.notFound') }} />
  const lines = pages.data?.pages.flatMap((page) => page.accesses) ?? []
  const zone = first.time_zone
  if (lines.length === 0)
    return (
      <Notice kind="info">
        <Text fw={600}>{t('accesses.none')}</Text>
        {t('accesses.noneText')}
      </Notice>
    )
  return (
    <Stack gap="lg">
      <TakeReport patient={patient} days={days} />
      <Text c="dimmed">{t('accesses.timesIn', { zone: zone.replaceAll('_', ' ') })}</Text>
      {byDay(lines, zone).map((day) => (
        <section key={day.key} aria-labelledby={`day-${day.key}`}>
          <Title order={2} size="h3" id={`day-${day.key}`} className={classes.day}>
            {day.title}
          </Title>
          <ul className={classes.list}>
            {deedsOf(day.lines).map(({ line, records }) => (
              <Line key={line.event} line={line} records={records} zone={zone} onAsk={() => setAsked(line)} />
            ))}
          </ul>
        </section>
      ))}
      <ProblemNotice error={pages.error} />
      {pages.hasNextPage ? (
        <div>
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
            {t('accesses.more')}
          </Button>
        </div>
      ) : (
        <Text c="dimmed">{t('accesses.end')}</Text>
      )}
      {asked && <WhyPanel line={asked} zone={zone} onClose={() => setAsked(null)} />}
    </Stack>
  )
}

function Line({ line, records, zone, onAsk }: Deed & { zone: string; onAsk(): void }) {
  const { t } = useTranslation()
  const who = useWho()
  const time = timeOf(line.at, zone)
  const what = whatWords(line.what)
  const refused = line.outcome !== 'done'
  const ask = refused ? t('accesses.whyRefused') : t('accesses.why')
  return (
    <li className={classes.line}>
      <div className={classes.words}>
        <div className={classes.who}>
          {who(line.who)} {line.purpose === 'BTG' && <Chip kind="bad">{t('accesses.emergency')}</Chip>}
          {refused && (
            <Chip kind="warn">{t(line.outcome === 'refused' ? 'accesses.refused' : 'accesses.failed')}</Chip>
          )}
        </div>
        <div>{records.length > 0 ? `${what}: ${records.map(recordWords).join(', ')}` : what}</div>
        <div className={classes.small}>
          {line.facility ? t('accesses.at', { time, facility: line.facility }) : time}
          {' · '}
          {t('accesses.forPurpose', { purpose: purposeWords(line.purpose) })}
          {line.address && ` · ${t('accesses.from', { address: line.address })}`}
        </div>
      </div>
      <Button
        className={classes.ask}
        variant="default"
        size="sm"
        aria-label={`${ask} ${who(line.who)}, ${time}`}
        onClick={onAsk}
      >
        {ask}
      </Button>
    </li>
  )
}
