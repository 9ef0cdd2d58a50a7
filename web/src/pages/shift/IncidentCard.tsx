import { Anchor, Button, Text, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type CareTask, type Incident, shiftIn, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { useDraft } from '@/session/drafts'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Shift.module.css'
import { TaskLine } from './TaskLine'
import { useNow } from './useNow'

/** An incident, what follows from it, and its review. */
export function IncidentCard({
  it,
  zone,
  onSaid,
}: {
  it: Incident
  zone: string
  onSaid(words: string): void
}) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const id = useId()
  const now = useNow()
  const name = it.name || t('chart.nameless')
  const seen = it.witnessed === null ? 'unknown' : it.witnessed ? 'yes' : 'no'
  const facts = [
    [t('incidents.at'), it.at && atMoment(it.at, zone)],
    [t('incidents.place'), it.place],
    [t('incidents.by'), it.by],
    [t('incidents.witnessed'), t(`incidents.witnessed_${seen}`)],
    [t('incidents.injury'), it.injury],
    [t('incidents.told'), it.told.map((one) => t(`incidents.told_${one}`)).join(', ')],
  ] as const
  return (
    <article className={classes.card} aria-labelledby={id}>
      <div className={classes.head}>
        <h2 id={id} className={classes.name}>
          {t(`incidents.kind_${it.kind}`)}:{' '}
          <Anchor
            inherit
            renderRoot={(props) => (
              <Link to="/c/$context/patients/$patient" params={{ context, patient: it.patient }} {...props} />
            )}
          >
            {name}
          </Anchor>
        </h2>
        <Chip kind={it.review ? 'good' : 'warn'}>{t(it.review ? 'incidents.closed' : 'incidents.open')}</Chip>
      </div>
      <Text className={classes.text}>{it.what}</Text>
      <dl className={`${classes.facts} ${classes.said}`}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <div>
        <strong>{t('incidents.follows')}</strong>
        {it.tasks.length === 0 ? (
          <Text>{t('incidents.followsNone')}</Text>
        ) : (
          <ul className={classes.tasks}>
            {it.tasks.map((task) =>
              OVER.includes(task.status) || it.review ? (
                <li key={task.task} className={classes.task}>
                  <span className={classes.words}>{task.text}</span>
                  <span className={classes.quiet}>
                    <TaskState task={task} zone={zone} />
                  </span>
                </li>
              ) : (
                <TaskLine key={task.task} task={task} name={name} zone={zone} now={now} onSaid={onSaid} />
              ),
            )}
          </ul>
        )}
      </div>
      {it.review ? (
        <div>
          <Text className={classes.quiet}>
            {t('incidents.reviewed', {
              by: it.review.by,
              at: it.review.at ? atMoment(it.review.at, zone) : '',
            })}
          </Text>
          <Text className={classes.text}>{it.review.note}</Text>
          {it.review.open_because && (
            <Text>{t('incidents.stayedOpen', { why: it.review.open_because })}</Text>
          )}
        </div>
      ) : (
        <>
          {it.review_due && (
            <Text className={classes.quiet}>
              {t('incidents.reviewDue', { at: atMoment(it.review_due, zone) })}
            </Text>
          )}
          {may('incidents.review') && (
            <ReviewForm it={it} labelledBy={id} onClosed={() => onSaid(t('incidents.saidClosed'))} />
          )}
        </>
      )}
    </article>
  )
}

/** How a task that is over ended. */
function TaskState({ task, zone }: { task: CareTask; zone: string }) {
  const { t } = useTranslation()
  if (task.status === 'completed') return t('incidents.task_completed')
  if (task.status === 'cancelled') return t('incidents.task_cancelled', { why: task.reason ?? '' })
  return t('incidents.task_open', { at: task.due ? atMoment(task.due, zone) : t('shift.anyTime') })
}

const OVER = ['completed', 'cancelled', 'failed', 'rejected', 'entered-in-error']

function ReviewForm({ it, labelledBy, onClosed }: { it: Incident; labelledBy: string; onClosed(): void }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const draft = useDraft(`${me.organization.slug}/${me.membership}/${it.incident}/review`, () => ({
    note: '',
    why: '',
  }))
  const { note, why } = draft.value
  const [tried, setTried] = useState(false)
  const open = it.tasks.some((task) => !OVER.includes(task.status))
  const review = useMutation({
    mutationFn: () => shiftIn(context).review(it.incident, note.trim(), why.trim() || undefined),
    onSuccess: async () => {
      draft.clear()
      onClosed()
      await cache.invalidateQueries({ queryKey: shiftQueries(context).all })
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (note.trim() === '' || (open && why.trim() === '') || review.isPending) return
    review.mutate()
  }
  return (
    <form onSubmit={submit} noValidate aria-labelledby={labelledBy} className={classes.list}>
      <Textarea
        label={t('incidents.review')}
        rows={2}
        resize="vertical"
        maxLength={2000}
        value={note}
        error={tried && note.trim() === '' ? t('incidents.reviewNeeded') : undefined}
        onChange={(event) => draft.change({ note: event.currentTarget.value, why })}
      />
      {open && (
        <Textarea
          label={t('incidents.openBecause')}
          rows={1}
          resize="vertical"
          maxLength={500}
          value={why}
          error={tried && why.trim() === '' ? t('incidents.follow-ups-open') : undefined}
          onChange={(event) => draft.change({ note, why: event.currentTarget.value })}
        />
      )}
      <ProblemNotice
        error={review.error}
        instead={{
          'follow-ups-open': t('incidents.follow-ups-open'),
          'incident-closed': t('incidents.incident-closed'),
        }}
      />
      <div>
        <Button type="submit" variant="default" loading={review.isPending}>
          {t('incidents.close')}
        </Button>
      </div>
    </form>
  )
}
