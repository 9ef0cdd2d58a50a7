import { Button, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chartsIn, chartsQueries, type PatientTie, type TieKind } from '@/api/charts'
import { ApiError } from '@/api/errors'
import { contextQueries } from '@/api/queries'
import { useDraft } from '@/session/drafts'
import { moment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { ChartProblem } from './ChartProblem'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { RecordForm, type Values } from './RecordForm'
import { useChart } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'

const KINDS = ['care-team', 'family', 'client', 'referral', 'self'] as const satisfies TieKind[]

/** Who is linked to the patient, as what, and until when. */
export function RelationshipsPart() {
  const { t } = useTranslation()
  const { context, id, me, may } = useChart()
  const ties = useSuspenseQuery(chartsQueries(context).ties(id)).data
  const { doing, begin, done } = useDoing<'add' | PatientTie>()
  const { span } = useFields()
  const edits = may('relationships.edit')
  const present = ties.filter((it) => it.state !== 'ended')
  const past = ties.filter((it) => it.state === 'ended')
  const entry = (it: PatientTie) => (
    <Entry
      key={`${it.membership}/${it.kind}`}
      quiet={it.state === 'ended'}
      title={it.name}
      chips={
        <>
          <Chip>{t(`care.tie_${it.kind}`)}</Chip>{' '}
          {it.state === 'waiting' && <Chip kind="warn">{t('care.tieState_waiting')}</Chip>}
        </>
      }
      lines={[
        it.role,
        ...it.waits_for.map((whom) =>
          t(whom === 'patient' ? 'care.waitsFor_patient' : 'care.waitsFor_member'),
        ),
        span(it.starts_at, it.ends_at).join(' · '),
      ]}
      action={
        edits &&
        it.state !== 'ended' &&
        it.membership !== me.membership && (
          <Act label={t('care.endTieLabel', { name: it.name })} onClick={() => begin(it)}>
            {t('care.endTie')}
          </Act>
        )
      }
    />
  )
  return (
    <Part
      title={t('chart.section_relationships')}
      actions={
        edits && may('people.read') && <Button onClick={() => begin('add')}>{t('care.addTie')}</Button>
      }
    >
      {present.length === 0 ? (
        <Nothing>{t('care.noTies')}</Nothing>
      ) : (
        <Group title={t('care.ties')}>{present.map(entry)}</Group>
      )}
      {past.length > 0 && <Group title={t('care.pastTies')}>{past.map(entry)}</Group>}
      {doing === 'add' && <AddTie onDone={done} />}
      {doing && doing !== 'add' && <EndTie tie={doing} onDone={done} />}
    </Part>
  )
}

function useRefresh() {
  const { context, id } = useChart()
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: chartsQueries(context).ties(id).queryKey })
}

function AddTie({ onDone }: { onDone(): void }) {
  const { t } = useTranslation()
  const { context, id, me, zone, draftKey } = useChart()
  const refresh = useRefresh()
  const { data } = useQuery(contextQueries(context).people())
  const draft = useDraft<Values>(draftKey('add tie'), () => ({ kind: 'care-team' }))
  const people = (data?.people ?? []).filter((it) => it.membership !== me.membership && it.state === 'active')
  const add = useMutation({
    mutationFn: () => {
      const { who, kind, until, consent } = draft.value
      return chartsIn(context).tie(id, Number(who), kind as TieKind, {
        ends_at: until ? moment(until, '23:59', zone) : null,
        patient_consent: consent === 'yes',
      })
    },
    onSuccess: async () => {
      await refresh()
      draft.clear()
      onDone()
    },
  })
  const close = () => {
    draft.clear()
    onDone()
  }
  const refused = add.error instanceof ApiError && [400, 403, 404, 409].includes(add.error.status)
  return (
    <Dialog title={t('care.addTie')} onClose={close}>
      <RecordForm
        fields={[
          {
            key: 'who',
            label: t('care.tieWho'),
            kind: 'select',
            needed: t('care.tieWhoNeeded'),
            options: [
              { value: '', label: t('admit.pick') },
              ...people.map((it) => ({ value: String(it.membership), label: `${it.name} (${it.role})` })),
            ],
          },
          {
            key: 'kind',
            label: t('care.tieKind'),
            kind: 'select',
            options: KINDS.map((value) => ({ value, label: t(`care.tie_${value}`) })),
          },
          {
            key: 'until',
            label: t('care.tieUntil'),
            kind: 'date',
            hint: t('chart.notSaid'),
            check: (day) => (day < new Date().toISOString().slice(0, 10) ? t('stays.when') : undefined),
          },
          ...(draft.value.kind === 'family'
            ? [{ key: 'consent', label: t('care.tieConsent'), kind: 'check' as const }]
            : []),
        ]}
        values={draft.value}
        onChange={draft.change}
        submit={t('care.tieSave')}
        busy={add.isPending}
        problem={
          refused ? (
            <Notice kind="bad">{t('care.tieRefused')}</Notice>
          ) : (
            <ChartProblem error={add.error} unsaved />
          )
        }
        onSubmit={() => add.mutate()}
        onCancel={close}
      />
      <Text size="sm" c="dimmed">
        {zone.replaceAll('_', ' ')}
      </Text>
    </Dialog>
  )
}

function EndTie({ tie, onDone }: { tie: PatientTie; onDone(): void }) {
  const { t } = useTranslation()
  const { context, id } = useChart()
  const refresh = useRefresh()
  const end = useMutation({
    mutationFn: () => chartsIn(context).untie(id, tie.membership, tie.kind),
    onSuccess: async () => {
      await refresh()
      onDone()
    },
  })
  return (
    <Dialog title={t('care.endTieTitle', { name: tie.name })} onClose={onDone}>
      <RecordForm
        fields={[]}
        values={{}}
        onChange={() => {}}
        submit={t('care.endTie')}
        busy={end.isPending}
        problem={
          <>
            <Text>{t('care.endTieText')}</Text>
            <ChartProblem error={end.error} />
          </>
        }
        onSubmit={() => end.mutate()}
        onCancel={onDone}
      />
    </Dialog>
  )
}
