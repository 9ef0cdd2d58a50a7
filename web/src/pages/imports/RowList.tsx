import { Anchor, Button, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { importQueries, ONLY, type Only, type SheetProgress, type SheetRow } from '@/api/imports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Section } from '@/ui/Section'
import own from './Imports.module.css'
import { letterOf, useFaultWords, useFieldWords } from './words'

/** How many rows there are of each. */
const countOf = (it: SheetProgress, only: Only): number => {
  const counts: Record<Only, number> = {
    fault: it.faulty,
    alike: it.alike,
    created: it.created,
    changed: it.changed,
    same: it.same,
    differs: it.differing,
    left: it.left,
  }
  return counts[only]
}

/** The rows, some at a time: of the file their numbers alone, for it is at hand where it is from. */
export function RowList({ it }: { it: SheetProgress }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const there = ONLY.filter((only) => countOf(it, only) > 0)
  const [only, setOnly] = useState<Only>(() => (countOf(it, 'left') > 0 ? 'left' : (there[0] ?? 'fault')))
  const rows = useInfiniteQuery({
    ...importQueries(context).rows(it.import, only, it.state),
    enabled: there.length > 0,
  })
  if (there.length === 0) return null
  const all = rows.data?.pages.flatMap((page) => page.rows) ?? []
  return (
    <Section title={t('imports.look')}>
      <Stack gap="md">
        <NativeSelect
          className={own.form}
          label={t('imports.only')}
          value={only}
          onChange={(event) => setOnly(event.currentTarget.value as Only)}
          data={there.map((one) => ({
            value: one,
            label: `${t(`imports.only_${one}`)} (${countOf(it, one).toLocaleString('en')})`,
          }))}
        />
        <ProblemNotice error={rows.error} />
        {rows.isSuccess && all.length === 0 && <Text c="dimmed">{t('imports.noRows')}</Text>}
        <ul className={own.lines}>
          {all.map((row) => (
            <Line key={row.row} row={row} it={it} />
          ))}
        </ul>
        {rows.hasNextPage && (
          <div>
            <Button variant="default" loading={rows.isFetching} onClick={() => rows.fetchNextPage()}>
              {t('imports.more')}
            </Button>
          </div>
        )}
      </Stack>
    </Section>
  )
}

function Line({ row, it }: { row: SheetRow; it: SheetProgress }) {
  const { t } = useTranslation()
  const fields = useFieldWords()
  const faults = useFaultWords()
  const number = row.row.toLocaleString('en')
  const words: string[] = row.faults.map((one) =>
    t('imports.faultIn', {
      column: one.field
        ? fields(one.field)
        : one.column === null
          ? t('imports.wholeRow')
          : letterOf(one.column),
      fault: faults(one.fault),
    }),
  )
  if (row.differs.length > 0) words.push(t('imports.differs', { fields: row.differs.map(fields).join(', ') }))
  if (row.undone === 'changed') words.push(t('imports.left_changed'))
  if (row.undone === 'needed') words.push(t('imports.left_needed'))
  const brought = ['running', 'done', 'failed', 'undone'].includes(it.state)
  const gone = row.undone === 'done' || row.undone === 'gone'
  // Before the run a new record is not there yet; afterwards those of patients have a chart.
  const opens = it.kind === 'patients' && row.record && !gone && (brought || row.outcome !== 'created')
  return (
    <li className={own.line}>
      <span>{t('imports.row', { number })}</span>
      <span className={own.words}>{words.join('; ')}</span>
      <span className={own.links}>
        {opens && row.record && (
          <ChartLink patient={row.record} label={t('imports.recordLabel', { number })}>
            {t('imports.record')}
          </ChartLink>
        )}
        {row.alike.map((patient) => (
          <ChartLink key={patient} patient={patient} label={t('imports.otherLabel', { number })}>
            {t('imports.other')}
          </ChartLink>
        ))}
      </span>
    </li>
  )
}

function ChartLink({ patient, label, children }: { patient: string; label: string; children: string }) {
  const { context } = useMe()
  return (
    <Anchor
      aria-label={label}
      renderRoot={(props) => (
        <Link to="/c/$context/patients/$patient" params={{ context, patient }} {...props} />
      )}
    >
      {children}
    </Anchor>
  )
}
