import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/errors'
import { type CareTask, shiftIn, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { atMoment, atTime, dayOf } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import classes from './Shift.module.css'

interface Props {
  task: CareTask
  /** Whose it is. */
  name: string
  zone: string
  now: number
  onSaid(words: string): void
}

/** What is to be done, and both of its ends. */
export function TaskLine({ task, name, zone, now, onSaid }: Props) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const cache = useQueryClient()
  const [undone, setUndone] = useState(false)
  const again = () => cache.invalidateQueries({ queryKey: shiftQueries(context).all })
  const finish = useMutation({
    mutationFn: ({ done, note }: { done: boolean; note?: string }) =>
      shiftIn(context).finish(task, done, note),
    onSuccess: async (_, { done }) => {
      setUndone(false)
      onSaid(t(done ? 'shift.saidDone' : 'shift.saidNotDone', { task: task.text }))
      await again()
    },
    onError: async (error) => {
      // Somebody was faster: what there is now is what counts.
      if (!(error instanceof ApiError && [409, 412].includes(error.status))) return
      setUndone(false)
      onSaid(t('shift.finished'))
      await again()
    },
  })
  const overdue = task.due !== null && Date.parse(task.due) < now
  return (
    <li className={classes.task}>
      <div className={classes.words}>
        <span>{task.text}</span> {overdue && <Chip kind="bad">{t('shift.overdue')}</Chip>}
        {!overdue && task.urgent && <Chip kind="warn">{t('shift.urgent')}</Chip>}
        <div className={classes.quiet}>
          {task.due ? t('shift.due', { at: told(task.due, now, zone) }) : t('shift.anyTime')}
        </div>
        <ProblemNotice error={undone ? null : finish.error} />
      </div>
      {may('chart.write') && (
        <div className={classes.buttons}>
          <Button
            size="sm"
            loading={finish.isPending && !undone}
            aria-label={t('shift.doneOf', { task: task.text, name })}
            onClick={() => finish.mutate({ done: true })}
          >
            {t('shift.done')}
          </Button>
          <Button
            size="sm"
            variant="subtle"
            aria-label={t('shift.notDoneOf', { task: task.text, name })}
            onClick={() => {
              finish.reset()
              setUndone(true)
            }}
          >
            {t('shift.notDone')}
          </Button>
        </div>
      )}
      {undone && (
        <Undone
          title={t('shift.notDoneOf', { task: task.text, name })}
          pending={finish.isPending}
          error={finish.error}
          onClose={() => setUndone(false)}
          onSay={(note) => finish.mutate({ done: false, note })}
        />
      )}
    </li>
  )
}

/** The time of a moment today, and the day of another. */
export const told = (due: string, now: number, zone: string) =>
  dayOf(due, zone) === dayOf(new Date(now).toISOString(), zone) ? atTime(due, zone) : atMoment(due, zone)

/** Asks why something was not done. */
export function Undone(props: {
  title: string
  pending: boolean
  error: unknown
  onClose(): void
  onSay(note: string): void
}) {
  const { t } = useTranslation()
  const [why, setWhy] = useState('')
  const [tried, setTried] = useState(false)
  const reasons = (['refused', 'asleep', 'away', 'later'] as const).map((key) => t(`shift.why_${key}`))
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (why.trim() !== '' && !props.pending) props.onSay(why.trim())
  }
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit} noValidate className={classes.list}>
        <fieldset className={classes.reasons}>
          <legend>{t('shift.whyOften')}</legend>
          {reasons.map((reason) => (
            <Button
              key={reason}
              size="sm"
              variant="default"
              disabled={props.pending}
              onClick={() => props.onSay(reason)}
            >
              {reason}
            </Button>
          ))}
        </fieldset>
        <Textarea
          data-autofocus
          label={t('shift.why')}
          rows={2}
          resize="vertical"
          maxLength={500}
          value={why}
          error={tried && why.trim() === '' ? t('shift.whyNeeded') : undefined}
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
        <ProblemNotice error={props.error} />
        <div className={classes.buttons}>
          <Button type="submit" loading={props.pending}>
            {t('shift.save')}
          </Button>
          <Button variant="default" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
