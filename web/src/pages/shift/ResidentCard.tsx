import { Anchor, Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useEffectEvent, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Resident, shiftIn, shiftQueries } from '@/api/shift'
import { useMe } from '@/pages/context/useContextId'
import { useVisit } from '@/pages/context/useVisit'
import { atTime } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import classes from './Shift.module.css'
import { TaskLine } from './TaskLine'

const QuickVitals = lazy(() => import('./QuickVitals').then((it) => ({ default: it.QuickVitals })))
const QuickNote = lazy(() => import('./QuickNote').then((it) => ({ default: it.QuickNote })))
const ReportIncident = lazy(() => import('./ReportIncident').then((it) => ({ default: it.ReportIncident })))

interface Props {
  resident: Resident
  zone: string
  now: number
  /** What the post does not see of residents. */
  hidden: readonly string[]
  /** What was done here last. */
  said: string
  onSaid(words: string): void
}

/** A resident in the queue: what is due, and the ways to what is written most. */
export function ResidentCard({ resident, zone, now, hidden, said, onSaid }: Props) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const cache = useQueryClient()
  const visit = useVisit()
  const [doing, setDoing] = useState<'vitals' | 'note' | 'incident' | null>(null)
  const news = useRef<HTMLDivElement>(null)
  const chart = useRef<HTMLAnchorElement>(null)
  const id = useId()
  const { patient, tasks, unread, alerts } = resident
  const name = resident.name || t('chart.nameless')

  // What was in focus went with the dialog, or with the task.
  useEffect(() => {
    if (said) news.current?.focus({ preventScroll: true })
  }, [said])
  // Whoever comes back from a chart goes on where they left.
  const arrive = useEffectEvent(() => {
    if (visit.patient !== patient) return
    visit.set('')
    chart.current?.focus({ preventScroll: true })
  })
  useEffect(() => arrive(), [])

  const begin = (what: 'vitals' | 'note' | 'incident') => {
    if (what === 'note') visit.set(patient)
    setDoing(what)
  }
  const close = () => {
    if (doing === 'note') visit.set('')
    setDoing(null)
  }
  async function measured() {
    setDoing(null)
    // A round that was asked for is done with it.
    const round = tasks.find((it) => it.kind === 'vitals')
    const done =
      round &&
      (await shiftIn(context)
        .finish(round, true)
        .then(
          () => true,
          () => false,
        ))
    onSaid(t(done ? 'shift.saidVitalsDone' : 'shift.saidVitals', { task: round?.text ?? '' }))
    await cache.invalidateQueries({ queryKey: shiftQueries(context).all })
  }
  const button = (what: 'vitals' | 'note' | 'incident') => (
    <Button
      size="sm"
      variant="default"
      aria-label={t(`shift.${what}Of`, { name })}
      onClick={() => begin(what)}
    >
      {t(`shift.${what}`)}
    </Button>
  )
  return (
    <article className={classes.card} aria-labelledby={id}>
      <div className={classes.top}>
        <div className={classes.who}>
          <div className={classes.head}>
            <span className={classes.room}>{resident.room ?? t('shift.noRoom')}</span>
            <h3 id={id} className={classes.name}>
              <Anchor
                inherit
                ref={chart}
                onClick={() => visit.set(patient)}
                renderRoot={(props) => (
                  <Link to="/c/$context/patients/$patient" params={{ context, patient }} {...props} />
                )}
              >
                {name}
              </Anchor>
            </h3>
            {resident.away && <Chip kind="warn">{t('shift.awayAt', { where: resident.away })}</Chip>}
            {alerts.map((it) => (
              <Chip key={it.text} kind={it.new ? 'bad' : 'plain'}>
                {it.new ? t('shift.newAlert', { alert: it.text }) : it.text}
              </Chip>
            ))}
          </div>
          <div className={classes.quiet}>
            {[
              !hidden.includes('vitals') &&
                (resident.vitals
                  ? t('shift.vitalsAt', { at: atTime(resident.vitals, zone) })
                  : t('shift.vitalsNone')),
              resident.later > 0 && t('shift.later', { count: resident.later }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </div>
        </div>
        <div className={classes.buttons}>
          {may('chart.write') && !hidden.includes('vitals') && button('vitals')}
          {may('notes.write') && button('note')}
          {button('incident')}
        </div>
      </div>
      {unread.length > 0 && (
        <div className={classes.told}>
          <strong>{t('shift.handedOver')}</strong>
          <ul className={classes.lines}>
            {unread.map((line) => (
              <li key={`${line.kind} ${line.text}`}>
                {t(`handovers.kind_${line.kind}`)}: {line.text}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div ref={news} tabIndex={-1} className={classes.news}>
        {said && <Notice kind="good">{said}</Notice>}
      </div>
      {tasks.length > 0 && (
        <ul className={classes.tasks} aria-label={t('shift.tasksOf', { name })}>
          {tasks.map((task) => (
            <TaskLine key={task.task} task={task} name={name} zone={zone} now={now} onSaid={onSaid} />
          ))}
        </ul>
      )}
      {doing && (
        <Suspense>
          {doing === 'vitals' && (
            <QuickVitals patient={patient} name={name} onClose={close} onSaved={measured} />
          )}
          {doing === 'note' && <QuickNote patient={patient} name={name} onClose={close} />}
          {doing === 'incident' && (
            <ReportIncident
              patient={patient}
              name={name}
              room={resident.room}
              zone={zone}
              onClose={close}
              onDone={(count) => {
                setDoing(null)
                onSaid(t('incidents.saved', { count }))
              }}
            />
          )}
        </Suspense>
      )}
    </article>
  )
}
