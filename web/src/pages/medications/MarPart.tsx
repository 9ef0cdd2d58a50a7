import { Button } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Fragment, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type DoseView, type Mar, medicationQueries, type Order } from '@/api/medications'
import { Pending } from '@/app/ErrorPages'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { Nothing, Part } from '@/pages/chart/Part'
import { initialsOf } from '@/pages/chart/picture'
import { useChart } from '@/pages/chart/useChart'
import { atTime, onDay, today, wall } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import './texts'
import { stateAt } from './doses'
import { HoldDialog } from './HoldDialog'
import classes from './Mar.module.css'
import { MarDetail } from './MarDetail'
import { dayAfter, daysOf, ordersOf } from './mar'
import { useNow } from './useOutbox'
import { WrongDialog } from './WrongDialog'

type Doing =
  | { kind: 'look' | 'wrong'; order: Order; dose: DoseView }
  | { kind: 'hold' | 'resume'; order: Order }
  | null

const MARKS = [
  'given',
  'refused',
  'held',
  'unavailable',
  'away',
  'missed',
  'due',
  'later',
  'on-hold',
] as const
const WEEK = 7

/** The medication administration record of the patient: orders and times down, days across. */
export function MarPart() {
  const { t } = useTranslation()
  const { context, id, may } = useChart()
  const [from, setFrom] = useState<string>()
  const record = useQuery({
    ...medicationQueries(context).record(id, from),
    placeholderData: keepPreviousData,
  })
  const [doing, setDoing] = useState<Doing>(null)
  // It comes after the press that asked for it: reading goes on at its title.
  useEffect(() => {
    if (document.activeElement?.closest('nav'))
      document.querySelector<HTMLElement>('main section h2')?.focus({ preventScroll: true })
  }, [])
  const gives = may('medications.give')
  const mar = record.data
  const step = (days: number) => mar && setFrom(dayAfter(daysOf(mar)[0] ?? today(mar.zone), days))
  return (
    <Part
      title={t('chart.section_mar')}
      actions={
        mar && (
          <>
            <Button variant="default" onClick={() => step(-WEEK)}>
              {t('medications.marEarlier')}
            </Button>
            {from && (
              <Button variant="default" onClick={() => setFrom(undefined)}>
                {t('medications.marNow')}
              </Button>
            )}
            <Button variant="default" onClick={() => step(WEEK)}>
              {t('medications.marNext')}
            </Button>
          </>
        )
      }
    >
      {record.isPending && <Pending />}
      {record.isError && !mar && <ChartProblem error={record.error} />}
      {mar && mar.orders.length === 0 && <Nothing>{t('medications.marNone')}</Nothing>}
      {mar && mar.orders.length > 0 && (
        <>
          <Grid
            mar={mar}
            gives={gives}
            waiting={record.isPlaceholderData}
            onLook={(order, dose) => setDoing({ kind: 'look', order, dose })}
            onTurn={(order) => setDoing({ kind: order.status === 'on-hold' ? 'resume' : 'hold', order })}
          />
          <dl className={classes.key} aria-label={t('medications.marKey')}>
            {MARKS.map((it) => (
              <div key={it}>
                <dt data-state={it} className={classes.mark}>
                  {t(`medications.mark_${it}`)}
                </dt>
                <dd>{t(`medications.state_${it}`)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {doing?.kind === 'look' && mar && (
        <MarDetail
          order={doing.order}
          dose={doing.dose}
          zone={mar.zone}
          onWrong={
            gives && doing.dose.administration && !doing.dose.elsewhere
              ? () => setDoing({ ...doing, kind: 'wrong' })
              : undefined
          }
          onClose={() => setDoing(null)}
        />
      )}
      {doing?.kind === 'wrong' && mar && (
        <WrongDialog
          of={{ patient: id, what: doing.order.medication, zone: mar.zone, dose: doing.dose }}
          onClose={() => setDoing(null)}
        />
      )}
      {(doing?.kind === 'hold' || doing?.kind === 'resume') && (
        <HoldDialog patient={id} order={doing.order} onClose={() => setDoing(null)} />
      )}
    </Part>
  )
}

interface GridProps {
  mar: Mar
  gives: boolean
  waiting: boolean
  onLook(order: Order, dose: DoseView): void
  onTurn(order: Order): void
}

function Grid({ mar, gives, waiting, onLook, onTurn }: GridProps) {
  const { t } = useTranslation()
  const now = useNow()
  const days = daysOf(mar)
  const { zone } = mar
  const here = today(zone, new Date(now))
  const scroll = useRef<HTMLElement>(null)
  // Wider than a phone, it begins where today is.
  useEffect(() => {
    const box = scroll.current
    const column = box?.querySelector<HTMLElement>('thead [data-today]')
    if (box && column) box.scrollLeft = column.offsetLeft + column.offsetWidth - box.clientWidth
  }, [])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wider than a phone, it is scrolled by keys too
    <section ref={scroll} className={classes.scroll} aria-label={t('medications.marDays')} tabIndex={0}>
      <table className={classes.grid} data-waiting={waiting || undefined}>
        <thead>
          <tr>
            <td />
            {days.map((day) => (
              <th key={day} scope="col" data-today={day === here || undefined}>
                {dayHead(day)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ordersOf(mar).map(({ order, lines }) => (
            <Fragment key={order.order}>
              <tr>
                <th colSpan={days.length + 1} scope="rowgroup" className={classes.order}>
                  <div className={classes.orderHead}>
                    <span className={classes.orderWords}>
                      <span className={classes.medication}>{order.medication}</span>
                      {order.status === 'on-hold' && <Chip kind="warn">{t('medications.onHold')}</Chip>}
                      {order.status === 'ended' && <Chip>{t('medications.marEnded')}</Chip>}
                      <span className={classes.dosage}>
                        {[order.dosage, order.route, order.held_because].filter(Boolean).join(' · ')}
                      </span>
                    </span>
                    {gives && order.status !== 'ended' && (
                      <Button
                        variant="subtle"
                        size="sm"
                        aria-label={t(
                          order.status === 'on-hold' ? 'medications.resumeLabel' : 'medications.holdLabel',
                          { what: order.medication },
                        )}
                        onClick={() => onTurn(order)}
                      >
                        {t(order.status === 'on-hold' ? 'medications.resume' : 'medications.hold')}
                      </Button>
                    )}
                  </div>
                </th>
              </tr>
              {lines.map((line) => (
                <tr key={line.time ?? ''}>
                  <th scope="row" className={classes.time}>
                    {line.time === null ? order.as_needed && t('medications.marNeeded') : clockOf(line.time)}
                  </th>
                  {days.map((day) => (
                    <td key={day} data-today={day === here || undefined}>
                      {line.doses.get(day)?.map((dose) => (
                        <Cell
                          key={dose.administration ?? dose.due}
                          dose={dose}
                          order={order}
                          zone={zone}
                          now={now}
                          onLook={() => onLook(order, dose)}
                        />
                      ))}
                    </td>
                  ))}
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** "Sun 22" of a day as FHIR writes it. */
function dayHead(day: string): string {
  const at = new Date(`${day}T12:00:00Z`)
  return at.toLocaleDateString('en-US', { weekday: 'short', day: 'numeric', timeZone: 'UTC' })
}

/** A clock of 24 hours as people here read it. */
const clockOf = (time: string): string => atTime(`2026-01-01T${time}:00Z`, 'UTC')

interface CellProps {
  dose: DoseView
  order: Order
  zone: string
  now: number
  onLook(): void
}

function Cell({ dose, order, zone, now, onLook }: CellProps) {
  const { t } = useTranslation()
  const state = stateAt(dose, now)
  const moment = dose.due ?? dose.at ?? ''
  const recorded = dose.administration !== null && dose.administration !== undefined
  return (
    <button
      type="button"
      className={classes.cell}
      data-state={state}
      aria-label={t('medications.cell', {
        what: order.medication,
        day: onDay(wall(new Date(moment), zone).date, zone),
        time: atTime(moment, zone),
        state: t(`medications.state_${state}`),
      })}
      onClick={onLook}
    >
      <span className={classes.mark} data-state={state}>
        {t(`medications.mark_${state}`)}
      </span>
      {recorded && dose.by && <span className={classes.by}>{initialsOf(dose.by)}</span>}
      {!dose.due && dose.at && <span className={classes.by}>{atTime(dose.at, zone)}</span>}
    </button>
  )
}
