import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { ageOn, onDay, today } from '@/texts/zone'
import { PersonIcon, WarningIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import classes from './Banner.module.css'
import {
  ACTIVE,
  allergyWords,
  awayOf,
  CODE_STATUS,
  CURRENT_STAY,
  codeStatusOf,
  roomOf,
  severityOf,
} from './essentials'
import { initialsOf, sourceOf } from './picture'
import { useChart, useRecords } from './useChart'
import { conceptOf, nameOf, recordNumber } from './words'

/** Who it is and what must be known before anything is done. It is in sight wherever one reads in the chart. */
export function Banner() {
  const { t } = useTranslation()
  const { context, id, me, patient, zone } = useChart()
  const stays = useRecords('Encounter', CURRENT_STAY)
  const allergies = useRecords('AllergyIntolerance')
  const flags = useRecords('Flag')
  const statuses = useRecords('Observation', CODE_STATUS, 5)
  const consents = useRecords('Consent', ACTIVE)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])

  const age = ageOn(patient.birthDate, today(zone))
  const room = stays && roomOf(stays)
  const away = stays && awayOf(stays)
  const face = sourceOf(patient.photo)
  const goesOn = patient.link?.find((it) => it.type === 'replaced-by')?.other?.reference?.split('/')[1]
  const words = allergies && allergyWords(allergies)
  const code = codeStatusOf(statuses, consents)
  const number = recordNumber(patient.identifier)
  const where = me.facilities.length === 1 ? undefined : patient.managingOrganization?.display
  const died = patient.deceasedDateTime ?? (patient.deceasedBoolean ? '' : undefined)
  const alerts = flags?.filter((it) => it.status === 'active') ?? []
  const section = (key: string) => ({ context, patient: id, section: key })
  return (
    <section className={classes.banner} aria-label={t('chart.banner')} data-chrome>
      <div className={classes.who}>
        <span className={classes.face}>
          {face ? (
            <img src={face} alt={t('photo.of', { name: nameOf(patient.name) })} />
          ) : (
            initialsOf(nameOf(patient.name)) || <PersonIcon size={26} />
          )}
        </span>
        <h1 className={classes.name} ref={heading} tabIndex={-1}>
          {nameOf(patient.name) || t('chart.nameless')}
        </h1>
        <ul className={classes.facts} aria-label={t('chart.facts')}>
          {age !== undefined && <li>{t('chart.age', { count: age })}</li>}
          {patient.birthDate && <li>{t('chart.born', { day: onDay(patient.birthDate, zone) })}</li>}
          {patient.gender && <li>{t(`chart.sex_${sexOf(patient.gender)}`)}</li>}
          {room && <li className={classes.room}>{room}</li>}
          {away && <li className={classes.away}>{t('chart.away', { place: away })}</li>}
          {where && <li className={classes.more}>{where}</li>}
          {number && <li className={classes.more}>{t('chart.number', { number })}</li>}
        </ul>
      </div>
      {goesOn && (
        <Notice kind="warn">
          {t('merges.gone')}{' '}
          <Link to="/c/$context/patients/$patient" params={{ context, patient: goesOn }}>
            {t('merges.goneOpen')}
          </Link>
        </Notice>
      )}
      <ul className={classes.alerts} aria-label={t('chart.alerts')}>
        {died !== undefined && (
          <li className={classes.bad}>
            {died ? t('chart.died', { day: onDay(died, zone) }) : t('chart.dead')}
          </li>
        )}
        {words && (
          <li
            className={
              words.kind === 'some' ? classes.bad : words.kind === 'none-known' ? classes.good : classes.warn
            }
          >
            {words.kind === 'some' && <WarningIcon size={16} />}
            <Link to="/c/$context/patients/$patient/$section" params={section('allergies')}>
              {words.kind === 'some' ? (
                <>
                  <strong>{t('chart.allergic')}</strong>{' '}
                  {words.allergies.map((it, i) => (
                    <span key={it.id}>
                      {i > 0 && ', '}
                      <AllergyName name={conceptOf(it.code)} severity={severityOf(it)} />
                    </span>
                  ))}
                </>
              ) : words.kind === 'none-known' ? (
                words.what || t('chart.noneKnown')
              ) : (
                t('chart.noneRecorded')
              )}
            </Link>
          </li>
        )}
        {/* Who does not see all that may say so is not told that nothing does. */}
        {(code || (statuses && consents)) && (
          <li className={code?.limits ? classes.limits : code ? classes.good : classes.quiet}>
            {code ? t('chart.codeStatus', { status: code.words }) : t('chart.codeStatusNone')}
          </li>
        )}
        {alerts.map((flag) => (
          <li key={flag.id} className={classes.warn}>
            {conceptOf(flag.code)}
          </li>
        ))}
      </ul>
    </section>
  )
}

function AllergyName({ name, severity }: { name: string; severity: ReturnType<typeof severityOf> }) {
  const { t } = useTranslation()
  if (!severity) return name
  const words = t('chart.withSeverity', { name, severity: t(`chart.severity_${severity}`) })
  return severity === 'severe' || severity === 'high' ? <strong>{words}</strong> : words
}

export const sexOf = (gender: string) =>
  gender === 'male' || gender === 'female' || gender === 'other' ? gender : 'unknown'
