import { Link } from '@tanstack/react-router'
import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Stay } from '@/api/charts'
import type { Patient } from '@/api/fhirTypes'
import { sexOf } from '@/pages/chart/Banner'
import { zoneOf } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { ageOn, onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Patients.module.css'

interface Line {
  patient: Patient
  label?: string
  /** Where they stay, when they do. */
  stay?: Stay
}

/** A patient in a list: what tells them from others, and nothing of their chart. */
export const PatientLine = memo(function PatientLine({ patient, label, stay }: Line) {
  const { t } = useTranslation()
  const { context } = useMe()
  return (
    <div className={classes.line}>
      <PatientFacts
        patient={patient}
        stay={stay}
        name={
          <Link
            data-patient
            className={classes.name}
            to="/c/$context/patients/$patient"
            params={{ context, patient: patient.id }}
          >
            {nameOf(patient.name) || t('chart.nameless')}
          </Link>
        }
        label={label}
      />
    </div>
  )
})

/** The same without a line around it: its first part is what `name` says. */
export function PatientFacts({ patient, name, label, stay }: Line & { name: ReactNode }) {
  const { t } = useTranslation()
  const { me } = useMe()
  const zone = zoneOf(me, patient)
  const age = ageOn(patient.birthDate, today(zone))
  const dead = patient.deceasedBoolean || patient.deceasedDateTime
  const merged = patient.link?.some((it) => it.type === 'replaced-by')
  const place = stay?.away ? t('stays.awayAt', { place: stay.away }) : stay?.room
  return (
    <>
      <div className={classes.who}>
        {name} {dead && <Chip>{t('chart.dead')}</Chip>}
        {merged && <Chip>{t('merges.chip')}</Chip>}
        {label && <span className={classes.label}>{label}</span>}
      </div>
      <div className={classes.born}>
        {patient.birthDate && onDay(patient.birthDate, zone)}
        {age !== undefined && <span className={classes.age}> {t('patients.age', { count: age })}</span>}
      </div>
      <div className={classes.sex}>{patient.gender && t(`chart.sex_${sexOf(patient.gender)}`)}</div>
      <div className={classes.where}>
        {place && <span className={classes.room}>{place}</span>}
        {patient.managingOrganization?.display}
      </div>
    </>
  )
}
