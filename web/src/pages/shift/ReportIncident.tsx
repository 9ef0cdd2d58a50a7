import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { type IncidentNew, shiftIn, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { useDraft } from '@/session/drafts'
import { moment, wall, zoneName } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import classes from './Shift.module.css'

interface Props {
  patient: string
  name: string
  room: string | null
  zone: string
  onClose(): void
  onDone(tasks: number): void
}

const MINUTES_AHEAD = 5
const KINDS = ['fall', 'wound', 'behaviour', 'other'] as const
const SEEN = ['unknown', 'yes', 'no'] as const
const TOLD = ['family', 'physician', 'administrator'] as const

interface Typed {
  kind: (typeof KINDS)[number]
  what: string
  place: string
  date: string
  time: string
  seen: (typeof SEEN)[number]
  injury: string
  told: (typeof TOLD)[number][]
}

/** A short form. What follows from it is the server's to say. */
export function ReportIncident({ patient, name, room, zone, onClose, onDone }: Props) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const draft = useDraft<Typed>(`${me.organization.slug}/${me.membership}/${patient}/incident`, () => ({
    kind: 'fall',
    what: '',
    place: room ?? '',
    ...wall(new Date(http.now()), zone),
    seen: 'unknown',
    injury: '',
    told: [],
  }))
  const typed = draft.value
  const change = (next: Partial<Typed>) => draft.change({ ...typed, ...next })
  const [tried, setTried] = useState(false)
  const at = moment(typed.date, typed.time, zone)
  const future = at === undefined || Date.parse(at) > http.now() + MINUTES_AHEAD * 60_000
  const report = useMutation({
    mutationFn: (incident: IncidentNew) => shiftIn(context).report(patient, incident),
    onSuccess: async ({ tasks }) => {
      draft.clear()
      await cache.invalidateQueries({ queryKey: shiftQueries(context).all })
      onDone(tasks)
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (typed.what.trim() === '' || future || report.isPending) return
    report.mutate({
      kind: typed.kind,
      what: typed.what.trim(),
      place: typed.place.trim() || null,
      // Nobody notes more than the minute: what happens now is not before it was begun.
      at: new Date(Math.min(Date.parse(at), http.now())).toISOString(),
      witnessed: typed.seen === 'unknown' ? null : typed.seen === 'yes',
      injury: typed.injury.trim() || null,
      told: typed.told,
    })
  }
  return (
    <Dialog title={t('incidents.report', { name })} onClose={onClose}>
      <form onSubmit={submit} noValidate className={classes.list}>
        <NativeSelect
          data-autofocus
          label={t('incidents.kind')}
          value={typed.kind}
          onChange={(event) => change({ kind: event.currentTarget.value as Typed['kind'] })}
          data={KINDS.map((value) => ({ value, label: t(`incidents.kind_${value}`) }))}
        />
        <Textarea
          label={t('incidents.what')}
          rows={2}
          resize="vertical"
          maxLength={1000}
          value={typed.what}
          error={tried && typed.what.trim() === '' ? t('incidents.whatNeeded') : undefined}
          onChange={(event) => change({ what: event.currentTarget.value })}
        />
        <TextInput
          label={t('incidents.place')}
          maxLength={100}
          value={typed.place}
          onChange={(event) => change({ place: event.currentTarget.value })}
        />
        <div className={classes.two}>
          <TextInput
            type="date"
            label={t('incidents.date')}
            value={typed.date}
            max={wall(new Date(http.now()), zone).date}
            onChange={(event) => change({ date: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label={t('incidents.time', { zone: zoneName(zone) })}
            value={typed.time}
            error={tried && future ? t('incidents.whenWrong') : undefined}
            onChange={(event) => change({ time: event.currentTarget.value })}
          />
        </div>
        <NativeSelect
          label={t('incidents.witnessed')}
          value={typed.seen}
          onChange={(event) => change({ seen: event.currentTarget.value as Typed['seen'] })}
          data={SEEN.map((value) => ({ value, label: t(`incidents.witnessed_${value}`) }))}
        />
        <TextInput
          label={t('incidents.injury')}
          maxLength={500}
          value={typed.injury}
          onChange={(event) => change({ injury: event.currentTarget.value })}
        />
        <Checkbox.Group
          label={t('incidents.told')}
          description={t('incidents.toldHint')}
          value={typed.told}
          onChange={(told) => change({ told: told as Typed['told'] })}
        >
          <div className={classes.buttons}>
            {TOLD.map((value) => (
              <Checkbox key={value} value={value} label={t(`incidents.told_${value}`)} />
            ))}
          </div>
        </Checkbox.Group>
        <ProblemNotice error={report.error} instead={{ invalid: t('incidents.invalid') }} />
        <div className={classes.buttons}>
          <Button type="submit" loading={report.isPending}>
            {t('incidents.save')}
          </Button>
          <Button
            variant="default"
            onClick={() => {
              draft.clear()
              onClose()
            }}
          >
            {draft.begun ? t('incidents.discard') : t('common.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
