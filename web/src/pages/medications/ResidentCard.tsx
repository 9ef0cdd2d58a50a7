import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Patient } from '@/api/fhirTypes'
import type { DoseView, Order, PassResident } from '@/api/medications'
import { initialsOf, sourceOf } from '@/pages/chart/picture'
import { useContextId } from '@/pages/context/useContextId'
import { ageOn, atTime, onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { PersonIcon, WarningIcon } from '@/ui/icons'
import { allergiesOf, type Due, isPlain, type Line, linesOf } from './doses'
import { Effect } from './Effect'
import { Needed } from './Needed'
import type { Kept } from './Outbox'
import classes from './Pass.module.css'
import { StateChip } from './StateChip'

/** A dose that stands in the record. */
export interface Recorded {
  patient: string
  what: string
  zone: string
  dose: DoseView
}

interface Props {
  resident: PassResident
  photo: Patient['photo']
  now: number
  kept: readonly Kept[]
  /** The server does not answer. */
  away: boolean
  onGive(dues: Due[]): void
  onNot(due: Due): void
  onWrong(of: Recorded): void
}

/** A resident in the pass: who they are, what must not be given, and what is to be given. */
export const ResidentCard = memo(function ResidentCard(props: Props) {
  const { t } = useTranslation()
  const { resident, now, kept, away, onGive, onNot, onWrong } = props
  const { open, later, done, needed, unclear, effects } = linesOf(resident, now)
  const name = resident.name || t('medications.nameless')
  const keptOf = (order: Order, due: string | null) =>
    kept.find((it) => it.dose.order === order.order && (it.dose.due ?? null) === due)
  const asDue = ({ order, dose }: Line): Due => ({ resident, order, dose })
  const free = open.filter((it) => isPlain(it) && !keptOf(it.order, it.dose.due ?? null))
  return (
    <article className={classes.card} aria-label={name}>
      <div className={classes.who}>
        <Face photo={props.photo} name={name} />
        <Who resident={resident} />
        {free.length > 1 && (
          <button
            type="button"
            className={`${classes.act} ${classes.all}`}
            aria-label={t('medications.giveAllLabel', { count: free.length, name })}
            onClick={() => onGive(free.map(asDue))}
          >
            {t('medications.giveAll', { count: free.length })}
          </button>
        )}
      </div>
      {effects.map((line) => (
        <Effect key={line.dose.administration} line={line} resident={resident} />
      ))}
      {(open.length > 0 || unclear.length > 0) && (
        <ul className={classes.doses}>
          {open.map((line) => (
            <OpenDose
              key={`${line.order.order} ${line.dose.due}`}
              line={line}
              name={name}
              zone={resident.zone}
              kept={keptOf(line.order, line.dose.due ?? null)}
              away={away}
              onGive={() => onGive([asDue(line)])}
              onNot={() => onNot(asDue(line))}
            />
          ))}
          {unclear.map((order) => (
            <li key={order.order} className={classes.dose}>
              <What order={order} />
              <span className={classes.warning}>
                {order.dosage
                  ? t('medications.unclear', { dosage: order.dosage })
                  : t('medications.unclearBare')}
              </span>
            </li>
          ))}
        </ul>
      )}
      {needed.length > 0 && (
        <details className={classes.more}>
          <summary>{t('medications.needed', { count: needed.length })}</summary>
          <ul className={classes.doses}>
            {needed.map((order) => (
              <Needed
                key={order.order}
                order={order}
                resident={resident}
                now={now}
                kept={keptOf(order, null)}
                away={away}
                onGive={() => onGive([{ resident, order, dose: null }])}
              />
            ))}
          </ul>
        </details>
      )}
      {later.length > 0 && (
        <details className={classes.more}>
          <summary>{t('medications.later', { count: later.length })}</summary>
          <ul className={classes.doses}>
            {later.map(({ order, dose }) => (
              <li key={`${order.order} ${dose.due}`} className={classes.dose}>
                <span className={classes.time}>{atTime(dose.due ?? '', resident.zone)}</span>
                <What order={order} />
              </li>
            ))}
          </ul>
        </details>
      )}
      {done.length > 0 && (
        <details className={classes.more}>
          <summary>{t('medications.done', { count: done.length })}</summary>
          <ul className={classes.doses}>
            {done.map(({ order, dose, state }) => (
              <li key={dose.administration} className={classes.dose}>
                <span className={classes.time}>{dose.at && atTime(dose.at, resident.zone)}</span>
                <What order={order}>
                  <StateChip state={state} /> {dose.by}
                  {dose.elsewhere && ` · ${t('medications.elsewhere')}`}
                  {dose.reason && ` · ${dose.reason}`}
                  {dose.effect && ` · ${t(`medications.effect_${dose.effect}`)}`}
                  {dose.effect_due &&
                    !dose.effect &&
                    ` · ${t('medications.effectFrom', { time: atTime(dose.effect_due, resident.zone) })}`}
                </What>
                {!dose.elsewhere && (
                  <div className={classes.acts}>
                    <button
                      type="button"
                      className={classes.quietAct}
                      aria-label={t('medications.wrongLabel', {
                        what: order.medication,
                        time: dose.at ? atTime(dose.at, resident.zone) : '',
                      })}
                      onClick={() =>
                        onWrong({
                          patient: resident.patient,
                          what: order.medication,
                          zone: resident.zone,
                          dose,
                        })
                      }
                    >
                      {t('medications.wrong')}
                    </button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  )
})

/** The face, or the beginning of the names. */
export function Face({ photo, name }: { photo: Patient['photo']; name: string }) {
  const { t } = useTranslation()
  const source = sourceOf(photo)
  return (
    <span className={classes.face}>
      {source ? (
        <img src={source} alt={t('medications.photoOf', { name })} />
      ) : (
        initialsOf(name.split(', ').toReversed().join(' ')) || <PersonIcon size={26} />
      )}
    </span>
  )
}

/** Who somebody is, and what they are allergic to. */
export function Who({ resident, inDialog }: { resident: PassResident; inDialog?: boolean }) {
  const { t } = useTranslation()
  const context = useContextId()
  const { born, zone } = resident
  const { some, noneKnown } = allergiesOf(resident)
  const name = resident.name || t('medications.nameless')
  const age = ageOn(born ?? undefined, today(zone))
  return (
    <div className={classes.facts}>
      <div className={classes.line}>
        {inDialog ? (
          <strong className={classes.name}>{name}</strong>
        ) : (
          <h2 className={classes.name}>
            <Link
              to="/c/$context/patients/$patient/$section"
              params={{ context, patient: resident.patient, section: 'mar' }}
              aria-label={t('medications.openRecord', { name })}
            >
              {name}
            </Link>
          </h2>
        )}
        <span className={classes.room}>{resident.room ?? t('medications.noRoom')}</span>
        {resident.away && <Chip kind="warn">{t('medications.away', { place: resident.away })}</Chip>}
      </div>
      {born && (
        <div className={classes.born}>
          {t('medications.born', { day: onDay(born, zone) })}
          {age !== undefined && ` ${t('medications.age', { count: age })}`}
        </div>
      )}
      {some.length > 0 ? (
        <div className={classes.allergies}>
          <WarningIcon size={16} />
          <span>
            <strong>{t('medications.allergic')}</strong> {some.join(', ')}
          </span>
        </div>
      ) : (
        <div className={noneKnown ? classes.noneKnown : classes.noneRecorded}>
          {noneKnown ?? t('medications.noAllergies')}
        </div>
      )}
    </div>
  )
}

/** What is ordered, in words. */
export function What({ order, children }: { order: Order; children?: React.ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={classes.what}>
      <span className={classes.medication}>{order.medication}</span>
      {order.sheets.length > 0 && <Chip>{t('medications.counted')}</Chip>}
      <span className={classes.dosage}>{[order.dosage, order.route].filter(Boolean).join(' · ')}</span>
      {children && <span className={classes.dosage}>{children}</span>}
    </div>
  )
}

interface OpenProps {
  line: Line
  name: string
  zone: string
  kept: Kept | undefined
  away: boolean
  onGive(): void
  onNot(): void
}

function OpenDose({ line, name, zone, kept, away, onGive, onNot }: OpenProps) {
  const { t } = useTranslation()
  const { order, dose, state } = line
  const what = order.medication
  return (
    <li className={classes.dose} data-state={state}>
      <span className={classes.time}>
        {dose.due && atTime(dose.due, zone)} {!kept && <StateChip state={state} />}
      </span>
      <What order={order}>
        {state === 'on-hold' &&
          (order.held_because
            ? t('medications.heldBecause', { reason: order.held_because })
            : t('medications.onHold'))}
      </What>
      {kept ? (
        <KeptWords kept={kept} away={away} />
      ) : (
        <div className={classes.acts}>
          {state !== 'on-hold' && (
            <button
              type="button"
              className={classes.act}
              aria-label={t('medications.giveLabel', { what, name })}
              onClick={onGive}
            >
              {t('medications.give')}
            </button>
          )}
          <button
            type="button"
            className={classes.otherAct}
            aria-label={t('medications.notLabel', { what, name })}
            onClick={onNot}
          >
            {t('medications.not')}
          </button>
        </div>
      )}
    </li>
  )
}

/** What was tapped, where the buttons were: nobody taps it twice. */
export function KeptWords({ kept, away }: { kept: Kept; away: boolean }) {
  const { t } = useTranslation()
  const { dose, zone, state } = kept
  return (
    <span className={state === 'waiting' ? classes.kept : classes.unsolved}>
      {t('medications.made', {
        state: t(`medications.state_${dose.outcome}`),
        time: atTime(dose.at, zone),
      })}
      {' · '}
      {state !== 'waiting' ? t('medications.toSee') : away ? t('medications.kept') : t('medications.sending')}
    </span>
  )
}
