import { Button, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type LogLine, oversightQueries } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import list from '@/pages/accesses/AccessList.module.css'
import { dayOf } from '@/pages/accesses/days'
import { WhyPanel } from '@/pages/accesses/WhyPanel'
import { purposeWords, recordWords, useWho, whatWords } from '@/pages/accesses/words'
import { useMe } from '@/pages/context/useContextId'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import type { Question } from './LogPage'
import classes from './Oversight.module.css'

/** What was found, newest first. */
export function LogLines({
  question,
  onNarrow,
}: {
  question: Question
  onNarrow(more: Partial<Question>): void
}) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const [asked, setAsked] = useState<LogLine | null>(null)
  const { about, by, ...sought } = question
  const found = useInfiniteQuery(
    oversightQueries(context).log({ ...sought, patient: about?.id, membership: by?.membership }),
  )
  if (found.isPending) return <Text role="status">{t('oversight.searching')}</Text>
  const lines = found.data?.pages.flatMap((page) => page.lines) ?? []
  // One clock for all lines, also where houses stand in several zones.
  const place = me.facilities.find((it) => it.code === question.facility) ?? me.facilities[0]
  const zone = place?.time_zone ?? 'UTC'
  return (
    <Stack gap="md">
      <ProblemNotice error={found.error} instead={{ 'not-found': t('accesses.notFound') }} />
      {found.isSuccess && lines.length === 0 && (
        <Notice kind="info">
          <Text fw={600}>{t('oversight.none')}</Text>
          {t('oversight.noneText')}
        </Notice>
      )}
      {lines.length > 0 && (
        <>
          <Text c="dimmed" role="status">
            {found.hasNextPage
              ? t('oversight.foundMore', { count: lines.length })
              : t('oversight.found', { count: lines.length })}{' '}
            {t('accesses.timesIn', { zone: zone.replaceAll('_', ' ') })}
          </Text>
          <ul className={list.list} aria-label={t('oversight.lines')}>
            {lines.map((line) => (
              <Line
                key={line.event}
                line={line}
                zone={zone}
                onAsk={() => setAsked(line)}
                onNarrow={onNarrow}
              />
            ))}
          </ul>
          {found.hasNextPage ? (
            <div>
              <Button
                variant="default"
                loading={found.isFetchingNextPage}
                onClick={() => found.fetchNextPage()}
              >
                {t('oversight.more')}
              </Button>
            </div>
          ) : (
            <Text c="dimmed">{t('oversight.end')}</Text>
          )}
        </>
      )}
      {asked && <WhyPanel line={asked} zone={zone} onClose={() => setAsked(null)} />}
    </Stack>
  )
}

interface LineProps {
  line: LogLine
  zone: string
  onAsk(): void
  onNarrow(more: Partial<Question>): void
}

function Line({ line, zone, onAsk, onNarrow }: LineProps) {
  const { t } = useTranslation()
  const who = useWho()
  const refused = line.outcome !== 'done'
  const what = line.what === 'other' ? t('oversight.whatever') : whatWords(line.what)
  const ask = refused ? t('accesses.whyRefused') : t('accesses.why')
  const time = dayOf(line.at, zone)
  const name = who(line.who)
  return (
    <li className={list.line}>
      <div className={list.words}>
        <div className={list.who}>
          {line.membership > 0 ? (
            <button
              type="button"
              className={classes.link}
              aria-label={`${name}: ${t('oversight.thisPost')}`}
              onClick={() => onNarrow({ by: { membership: line.membership, name } })}
            >
              {name}
            </button>
          ) : (
            name
          )}{' '}
          {line.purpose === 'BTG' && <Chip kind="bad">{t('accesses.emergency')}</Chip>}
          {line.what === 'exported' && !refused && <Chip kind="warn">{t('oversight.m_exports')}</Chip>}
          {refused && (
            <Chip kind="warn">{t(line.outcome === 'refused' ? 'accesses.refused' : 'accesses.failed')}</Chip>
          )}
        </div>
        <div>{line.record ? `${what}: ${recordWords(line.record)}` : what}</div>
        {line.patients.length > 0 && <About line={line} onNarrow={onNarrow} />}
        <div className={list.small}>
          {line.facility ? t('accesses.at', { time, facility: line.facility }) : time}
          {' · '}
          {t('accesses.forPurpose', { purpose: purposeWords(line.purpose) })}
          {line.address && ` · ${t('accesses.from', { address: line.address })}`}
        </div>
      </div>
      <Button
        className={list.ask}
        variant="default"
        size="sm"
        aria-label={`${ask} ${name}, ${time}`}
        onClick={onAsk}
      >
        {ask}
      </Button>
    </li>
  )
}

/** Whom it concerned: the first of them by name. */
function About({ line, onNarrow }: Pick<LineProps, 'line' | 'onNarrow'>) {
  const { t } = useTranslation()
  const more = line.concerned - line.patients.length
  return (
    <div>
      {line.patients.map((it, i) => {
        const name = it.name || t('oversight.nameless')
        return (
          <span key={it.patient}>
            {i > 0 && ', '}
            <button
              type="button"
              className={classes.link}
              aria-label={t('oversight.thisPatient', { name })}
              onClick={() => onNarrow({ about: { id: it.patient, name } })}
            >
              {name}
            </button>
          </span>
        )
      })}
      {more > 0 && ` ${t('oversight.andMore', { count: more })}`}
    </div>
  )
}
