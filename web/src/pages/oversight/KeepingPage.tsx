import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/errors'
import { type Keeping, overseeing, oversightQueries } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import classes from './Oversight.module.css'

const KINDS = { working: 'good', failing: 'bad', 'not-set-up': 'warn' } as const

/** How long what is kept, and what proves it. */
export function KeepingPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data, error } = useQuery(oversightQueries(context).keeping())
  useTitle(t('oversight.keepingTitle'))
  return (
    <Stack gap="lg">
      <PageHead title={t('oversight.keepingTitle')} lead={t('oversight.keepingLead')} />
      <ProblemNotice error={error} />
      {!data && !error && <Text role="status">{t('oversight.loading')}</Text>}
      {data && (
        <>
          <Proof keeping={data} />
          <Terms keeping={data} />
        </>
      )}
    </Stack>
  )
}

function Proof({ keeping }: { keeping: Keeping }) {
  const { t } = useTranslation()
  const rows = [
    {
      key: 'proof',
      of: keeping.proof,
      last:
        keeping.proof.last_at &&
        t('oversight.proofCovers', {
          events: (keeping.sealed_events ?? 0).toLocaleString('en'),
          when: when(keeping.proof.last_at),
        }),
    },
    { key: 'archive', of: keeping.archive, last: undefined },
    { key: 'backup', of: keeping.backup, last: undefined },
    { key: 'rehearsal', of: keeping.rehearsal, last: undefined },
  ] as const
  return (
    <Section title={t('oversight.proofTitle')}>
      <Rows>
        <Row
          title={t('oversight.theLog')}
          text={`${t('oversight.theLogText')} ${
            keeping.log_since
              ? t('oversight.logSince', { when: when(keeping.log_since) })
              : t('oversight.logEmpty')
          }`}
          action={keeping.log_since && <Chip kind="good">{t('oversight.state_working')}</Chip>}
        />
        {rows.map(({ key, of, last }) => (
          <Row
            key={key}
            title={t(`oversight.${key}`)}
            text={[
              t(`oversight.${key}Text`),
              last ?? (of.last_at && t('oversight.lastAt', { when: when(of.last_at) })),
            ]
              .filter(Boolean)
              .join(' ')}
            action={<Chip kind={KINDS[of.state]}>{t(`oversight.state_${of.state}`)}</Chip>}
          />
        ))}
      </Rows>
    </Section>
  )
}

const MOST = 100

function Terms({ keeping }: { keeping: Keeping }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const query = oversightQueries(context).keeping()
  const [records, setRecords] = useState(String(keeping.records.years))
  const [log, setLog] = useState(String(keeping.log.years))
  const [days, setDays] = useState(String(keeping.review_days))
  const [wait, setWait] = useState(String(keeping.erasure_days))
  const [adult, setAdult] = useState(String(keeping.adult_years))
  const [saving, setSaving] = useState(false)
  const [tried, setTried] = useState(false)
  const [saved, setSaved] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const fault = (text: string, least: number, most: number) => {
    const number = Number(text)
    const fits = /^\d+$/.test(text.trim()) && number >= least && number <= most
    return tried && !fits ? t('oversight.years', { least, most }) : undefined
  }
  const wrong = (text: string, least: number, most: number) =>
    !/^\d+$/.test(text.trim()) || Number(text) < least || Number(text) > most
  async function save(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    setSaved(false)
    setProblem(null)
    if (
      wrong(records, keeping.records.least, MOST) ||
      wrong(log, keeping.log.least, MOST) ||
      wrong(days, 7, 366) ||
      wrong(wait, 0, 90) ||
      wrong(adult, 16, 21)
    )
      return
    setSaving(true)
    try {
      const body = {
        records_years: Number(records),
        log_years: Number(log),
        review_days: Number(days),
        erasure_days: Number(wait),
        adult_years: Number(adult),
      }
      const now = await overseeing(context).keep(keeping.version, body)
      setSaved(true)
      cache.setQueryData(query.queryKey, now)
    } catch (failed) {
      setProblem(failed)
      if (failed instanceof ApiError && failed.status === 412) {
        const theirs = await cache.fetchQuery({ ...query, staleTime: 0 })
        setRecords(String(theirs.records.years))
        setLog(String(theirs.log.years))
        setDays(String(theirs.review_days))
        setWait(String(theirs.erasure_days))
        setAdult(String(theirs.adult_years))
      }
    } finally {
      setSaving(false)
    }
  }
  const stale = problem instanceof ApiError && problem.status === 412
  return (
    <Section title={t('oversight.keepingHow')} lead={t('oversight.keepingNothing')}>
      <form onSubmit={save}>
        <Stack gap="md">
          <TextInput
            inputMode="numeric"
            label={t('oversight.records')}
            description={t('oversight.least', { years: keeping.records.least, rule: keeping.records.rule })}
            value={records}
            error={fault(records, keeping.records.least, MOST)}
            onChange={(event) => setRecords(event.currentTarget.value)}
          />
          <TextInput
            inputMode="numeric"
            label={t('oversight.log')}
            description={t('oversight.least', { years: keeping.log.least, rule: keeping.log.rule })}
            value={log}
            error={fault(log, keeping.log.least, MOST)}
            onChange={(event) => setLog(event.currentTarget.value)}
          />
          <TextInput
            inputMode="numeric"
            label={t('oversight.reviewEvery')}
            value={days}
            error={fault(days, 7, 366)}
            onChange={(event) => setDays(event.currentTarget.value)}
          />
          <TextInput
            inputMode="numeric"
            label={t('oversight.adult')}
            description={t('oversight.adultText')}
            value={adult}
            error={fault(adult, 16, 21)}
            onChange={(event) => setAdult(event.currentTarget.value)}
          />
          <TextInput
            inputMode="numeric"
            label={t('oversight.erasureDays')}
            description={t('oversight.erasureDaysText')}
            value={wait}
            error={fault(wait, 0, 90)}
            onChange={(event) => setWait(event.currentTarget.value)}
          />
          {stale ? (
            <Notice kind="warn">{t('oversight.keepingChanged')}</Notice>
          ) : (
            <ProblemNotice error={problem} />
          )}
          {saved && <Notice kind="good">{t('oversight.saved')}</Notice>}
          <div className={classes.row}>
            <Button type="submit" loading={saving}>
              {t('oversight.save')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
