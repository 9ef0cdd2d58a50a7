import { useTranslation } from 'react-i18next'
import type { Order, PassResident } from '@/api/medications'
import { atMoment, atTime, dayOf, today } from '@/texts/zone'
import { isSoon, lastOf } from './doses'
import type { Kept } from './Outbox'
import classes from './Pass.module.css'
import { KeptWords, What } from './ResidentCard'

interface Props {
  order: Order
  resident: PassResident
  now: number
  kept: Kept | undefined
  away: boolean
  onGive(): void
}

/** The time of a moment, with its day where that is another. */
export const clock = (at: string, zone: string) =>
  dayOf(at, zone) === today(zone) ? atTime(at, zone) : atMoment(at, zone)

/** What is given when it is needed: what for, when it was given last, and from when on it may be again. */
export function Needed({ order, resident, now, kept, away, onGive }: Props) {
  const { t } = useTranslation()
  const { zone } = resident
  const next = order.as_needed?.next
  const last = lastOf(order)
  const soon = isSoon(order, now)
  const lines = [
    order.as_needed?.reason && t('medications.neededFor', { reason: order.as_needed.reason }),
    last?.at && t('medications.neededLast', { when: clock(last.at, zone) }),
  ].filter(Boolean)
  return (
    <li className={classes.dose}>
      <What order={order}>
        {lines.join(' · ')}
        <span className={soon || order.unclear ? classes.notYet : classes.mayNow}>
          {soon && next
            ? t('medications.neededFrom', { time: clock(next, zone) })
            : t(order.unclear ? 'medications.neededUnclear' : 'medications.neededNow')}
        </span>
      </What>
      {kept ? (
        <KeptWords kept={kept} away={away} />
      ) : (
        <div className={classes.acts}>
          <button
            type="button"
            className={soon ? classes.otherAct : classes.act}
            aria-label={t('medications.giveLabel', { what: order.medication, name: resident.name })}
            onClick={onGive}
          >
            {t('medications.give')}
          </button>
        </div>
      )}
    </li>
  )
}
