import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { ApiError, hasCode } from '@/api/errors'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { type FieldSpec, RecordForm, type Values } from '@/pages/chart/RecordForm'
import { useChart } from '@/pages/chart/useChart'
import { useDraft } from '@/session/drafts'
import { moment, today, wall, zoneName } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'

interface Props {
  /** Names the draft of what is typed. */
  form: string
  title: string
  submit: string
  fields: FieldSpec[]
  begin?: Values
  /** What is said above the fields. */
  above?: ReactNode
  wide?: boolean
  /** Sends it; what it gives is told when it is done. */
  send(values: Values, at: string | undefined): Promise<string[] | undefined>
  onDone(told?: string[]): void
}

const CONFLICTS = {
  'already-admitted': 'stays.conflict_already',
  'patient-died': 'stays.conflict_died',
  'stay-ended': 'stays.conflict_ended',
  'patient-away': 'stays.conflict_away',
  'patient-here': 'stays.conflict_here',
  'facility-not-open': 'stays.conflict_facility',
} as const

/** A short form about a coming or going: what, and when. What is typed stays until it is done or closed. */
export function StayForm({ form, title, submit, fields, begin = {}, above, wide, send, onDone }: Props) {
  const { t } = useTranslation()
  const { context, id, zone, draftKey } = useChart()
  const client = useQueryClient()
  const now = wall(new Date(), zone)
  const draft = useDraft<Values>(draftKey(`stay ${form}`), () => ({ ...now, ...begin }))
  const { value } = draft
  const refresh = async () => {
    await refreshPatient(client, context, id)
    void client.invalidateQueries({ queryKey: ['context', context, 'fhir', 'census'] })
  }
  const act = useMutation({
    mutationFn: () => {
      // Untouched, it is now: the server's clock says when.
      const touched = value.date !== now.date || value.time !== now.time
      return send(value, touched ? moment(value.date ?? '', value.time ?? '', zone) : undefined)
    },
    onSuccess: async (told) => {
      await refresh()
      draft.clear()
      onDone(told)
    },
    onError: refresh,
  })
  const close = () => {
    draft.clear()
    onDone()
  }
  const status = act.error instanceof ApiError ? act.error.status : 0
  const known = (Object.keys(CONFLICTS) as (keyof typeof CONFLICTS)[]).find((it) => hasCode(act.error, it))
  const problem = known ? (
    <Notice kind="warn">{t(CONFLICTS[known])}</Notice>
  ) : status === 412 ? (
    <Notice kind="warn">{t('stays.changed')}</Notice>
  ) : hasCode(act.error, 'invalid') ? (
    <Notice kind="bad">{t('stays.when')}</Notice>
  ) : (
    act.isError && <ChartProblem error={act.error} unsaved />
  )
  const whens: FieldSpec[] = [
    {
      key: 'date',
      label: t('stays.onDay'),
      kind: 'date',
      check: (day) => (day > today(zone) ? t('chart.inFuture') : undefined),
    },
    { key: 'time', label: t('stays.atTime', { zone: zoneName(zone) }), kind: 'time' },
  ]
  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={act.isPending ? undefined : close}
      closeButton={!act.isPending}
    >
      {above}
      <RecordForm
        fields={[...fields, ...whens]}
        values={value}
        onChange={draft.change}
        submit={act.isError ? t('chart.tryAgain') : submit}
        busy={act.isPending}
        problem={problem}
        onSubmit={() => act.mutate()}
        onCancel={close}
      />
    </Dialog>
  )
}
