import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Patient } from '@/api/fhirTypes'
import { sexOf } from '@/pages/chart/Banner'
import { zoneOf } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { ageOn, onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Patients.module.css'

/** A patient in a list: what tells them from others, and nothing of their chart. */
export function PatientLine({ patient, label }: { patient: Patient; label?: string }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const zone = zoneOf(me, patient)
  const age = ageOn(patient.birthDate, today(zone))
  const dead = patient.deceasedBoolean || patient.deceasedDateTime
  return (
    <div className={classes.line}>
      <div className={classes.who}>
        <Link
          data-patient
          className={classes.name}
          to="/c/$context/patients/$patient"
          params={{ context, patient: patient.id }}
        >
          {nameOf(patient.name) || t('chart.nameless')}
        </Link>{' '}
        {dead && <Chip>{t('chart.dead')}</Chip>}
        {label && <span className={classes.label}>{label}</span>}
      </div>
      <div className={classes.born}>
        {patient.birthDate && onDay(patient.birthDate, zone)}
        {age !== undefined && <span className={classes.age}> {t('patients.age', { count: age })}</span>}
      </div>
      <div className={classes.sex}>{patient.gender && t(`chart.sex_${sexOf(patient.gender)}`)}</div>
      <div className={classes.where}>{patient.managingOrganization?.display}</div>
    </div>
  )
}
