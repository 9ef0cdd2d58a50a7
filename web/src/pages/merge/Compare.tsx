import { Anchor, Button, Checkbox, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries, refreshCharts } from '@/api/chartQueries'
import { chartsIn, type Merged, type Unmerged } from '@/api/charts'
import { ApiError, hasCode } from '@/api/errors'
import type { Patient } from '@/api/fhirTypes'
import { sexOf } from '@/pages/chart/Banner'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { CURRENT_STAY } from '@/pages/chart/essentials'
import { useZone } from '@/pages/chart/useChart'
import { nameOf, recordNumber } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { onDay } from '@/texts/zone'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import { differs, FIELDS, type Field, guess, olderFirst, wordsOf } from './choices'
import classes from './Merge.module.css'

/** Both side by side; what differs is chosen, and then it is one chart. */
export function Compare({ one, other }: { one: Patient; other: Patient }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const client = useQueryClient()
  const zone = useZone(one)
  const [first, second] = olderFirst(one, other)
  const [swapped, setSwapped] = useState(false)
  const [survivor, absorbed] = swapped ? [second, first] : [first, second]
  const [chosen, setChosen] = useState<Partial<Record<Field, 'survivor' | 'absorbed'>>>({})
  const [sure, setSure] = useState(false)
  const [tried, setTried] = useState(false)
  const guessed = guess(survivor, absorbed)
  const sideOf = (field: Field) => chosen[field] ?? (guessed.includes(field) ? 'absorbed' : 'survivor')
  const words = { sex: (code: string) => t(`chart.sex_${sexOf(code)}`), photo: t('merges.photoThere') }
  const apart = FIELDS.filter((field) => differs(survivor, absorbed, field))
  const alike = FIELDS.filter((field) => !apart.includes(field) && wordsOf(survivor, field, words))

  const stays = useQueries({
    queries: [one, other].map((it) => chartQueries(context).records('Encounter', it.id, CURRENT_STAY)),
  })
  // Said before anything is asked: the server refuses it.
  const bothAdmitted = stays.every(({ data }) => data && data.length > 0)

  const refresh = () => refreshCharts(client, context)
  const merge = useMutation({
    mutationFn: async () => {
      // The versions are those that were looked at here.
      const version = (it: Patient) => Number(it.meta?.versionId)
      const from = `W/"${version(absorbed)}"`
      const keep = apart.filter((field) => sideOf(field) === 'absorbed')
      return chartsIn(context).merge(absorbed.id, from, {
        into: survivor.id,
        into_version: version(survivor),
        keep,
      })
    },
    onSuccess: refresh,
    onError: (error) => (error instanceof ApiError && error.status === 412 ? refresh() : undefined),
  })
  const undo = useMutation({
    mutationFn: (done: Merged) => chartsIn(context).unmerge(done.into, done.merge),
    onSuccess: refresh,
  })
  if (undo.data) return <Undone done={undo.data} survivor={survivor} />
  if (merge.data)
    return (
      <Done done={merge.data} zone={zone}>
        <ChartProblem error={undo.error} />
        <Button variant="default" loading={undo.isPending} onClick={() => undo.mutate(merge.data)}>
          {t('merges.undo')}
        </Button>
      </Done>
    )
  const numberOf = (it: Patient) => {
    const number = recordNumber(it.identifier)
    return number && t('chart.number', { number })
  }
  const head = (it: Patient, label: string) => (
    <th scope="col">
      <span className={classes.name}>{nameOf(it.name) || t('chart.nameless')}</span>
      <Text span size="sm" c="dimmed" display="block">
        {numberOf(it)}
      </Text>
      <Text span size="sm" display="block">
        {label}
      </Text>
    </th>
  )
  const choice = (field: Field, side: 'survivor' | 'absorbed', it: Patient) => (
    <td>
      <Radio
        name={field}
        value={side}
        checked={sideOf(field) === side}
        disabled={merge.isPending}
        onChange={() => setChosen({ ...chosen, [field]: side })}
        label={<span className={classes.value}>{wordsOf(it, field, words) || t('merges.nothing')}</span>}
        aria-label={`${t(`merges.field_${field}`)}: ${wordsOf(it, field, words) || t('merges.nothing')}`}
      />
    </td>
  )
  return (
    <Section title={t('merges.choose')} lead={t('merges.chooseText')}>
      <div className={classes.scroll}>
        <table className={classes.table}>
          <thead>
            <tr>
              <td />
              {head(survivor, t('merges.stays'))}
              {head(absorbed, t('merges.goes'))}
            </tr>
          </thead>
          <tbody>
            {apart.map((field) => (
              <tr key={field} className={classes.differs}>
                <th scope="row">{t(`merges.field_${field}`)}</th>
                {choice(field, 'survivor', survivor)}
                {choice(field, 'absorbed', absorbed)}
              </tr>
            ))}
            {alike.map((field) => (
              <tr key={field}>
                <th scope="row">{t(`merges.field_${field}`)}</th>
                <td colSpan={2}>
                  <span className={classes.value}>{wordsOf(survivor, field, words)}</span>
                  <Text span size="sm" c="dimmed" display="block">
                    {t('merges.same')}
                  </Text>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Checkbox
        size="md"
        label={t('merges.sure')}
        checked={sure}
        error={tried && !sure ? t('merges.sureNeeded') : undefined}
        onChange={(event) => setSure(event.currentTarget.checked)}
      />
      {merge.isError &&
        (hasCode(merge.error, 'two-facilities') ? (
          <Notice kind="warn">{t('merges.facilities')}</Notice>
        ) : hasCode(merge.error, 'both-admitted') ? null : hasCode(merge.error, 'patient-merged') ? (
          <Notice kind="warn">{t('merges.before')}</Notice>
        ) : merge.error instanceof ApiError && merge.error.status === 412 ? (
          <Notice kind="warn">{t('merges.changed')}</Notice>
        ) : (
          <ChartProblem error={merge.error} unsaved />
        ))}
      {(bothAdmitted || hasCode(merge.error, 'both-admitted')) && (
        <Notice kind="warn">
          {t('merges.admitted')}{' '}
          {[survivor, absorbed].map((it) => (
            <Anchor
              key={it.id}
              mr="sm"
              renderRoot={(props) => (
                <Link
                  to="/c/$context/patients/$patient/$section"
                  params={{ context, patient: it.id, section: 'stays' }}
                  {...props}
                />
              )}
            >
              {t('merges.stayOf', { name: nameOf(it.name) || t('chart.nameless') })}
            </Anchor>
          ))}
        </Notice>
      )}
      <div className={classes.buttons}>
        <Button
          disabled={bothAdmitted}
          loading={merge.isPending}
          onClick={() => {
            setTried(true)
            if (sure) merge.mutate()
          }}
        >
          {t('merges.merge')}
        </Button>
        <Button variant="default" disabled={merge.isPending} onClick={() => setSwapped(!swapped)}>
          {t('merges.swap')}
        </Button>
        <Button
          variant="default"
          disabled={merge.isPending}
          renderRoot={(props) => (
            <Link
              to="/c/$context/same/$patient"
              params={{ context, patient: one.id }}
              search={{}}
              {...props}
            />
          )}
        >
          {t('merges.another')}
        </Button>
      </div>
    </Section>
  )
}

function Done({ done, zone, children }: { done: Merged; zone: string; children: React.ReactNode }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const waiting = done.ties_waiting.length
  return (
    <Section title={t('merges.doneTitle')}>
      <Notice kind="good">
        <Stack gap={2}>
          <span>{t('merges.done', { count: done.records })}</span>
          {done.ties_carried > 0 && <span>{t('merges.carried', { count: done.ties_carried })}</span>}
          {done.undoable_until && (
            <span>{t('merges.undoable', { day: onDay(done.undoable_until, zone) })}</span>
          )}
        </Stack>
      </Notice>
      {waiting > 0 && <Notice kind="warn">{t('merges.waiting', { count: waiting })}</Notice>}
      <div className={classes.buttons}>
        <Button
          renderRoot={(props) => (
            <Link to="/c/$context/patients/$patient" params={{ context, patient: done.into }} {...props} />
          )}
        >
          {t('merges.open')}
        </Button>
        {children}
      </div>
    </Section>
  )
}

export function Undone({ done, survivor }: { done: Unmerged; survivor: Patient }) {
  const { t } = useTranslation()
  const { context } = useMe()
  return (
    <Section title={t('merges.undoneTitle')}>
      <Notice kind="good">
        <Stack gap={2}>
          <span>{t('merges.undone', { count: done.records })}</span>
          {done.changed > 0 && <span>{t('merges.undoneChanged', { count: done.changed })}</span>}
          {done.kept && <span>{t('merges.undoneKept')}</span>}
        </Stack>
      </Notice>
      <div>
        <Button
          renderRoot={(props) => (
            <Link to="/c/$context/patients/$patient" params={{ context, patient: survivor.id }} {...props} />
          )}
        >
          {t('merges.open')}
        </Button>
      </div>
    </Section>
  )
}
