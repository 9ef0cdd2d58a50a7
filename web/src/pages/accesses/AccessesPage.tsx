import { Button, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Patient } from '@/api/fhirTypes'
import { contextQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { showsPatients } from '@/pages/context/shows'
import { useMe } from '@/pages/context/useContextId'
import { FindPatient } from '@/pages/patients/FindPatient'
import { PatientLine } from '@/pages/patients/PatientLine'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './AccessesPage.module.css'
import { AccessList } from './AccessList'
import { Period } from './Period'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Who looked at one's own record; with the right to the log, at that of any patient within reach. */
export function AccessesPage() {
  const { t } = useTranslation()
  const { may } = useMe()
  const [days, setDays] = useState<number>(90)
  const all = may('audit.report')
  useTitle(t(all ? 'accesses.titleOf' : 'accesses.title'))
  const period = <Period days={days} onChange={setDays} />
  return (
    <Stack gap="lg">
      <PageHead
        title={t(all ? 'accesses.titleOf' : 'accesses.title')}
        lead={t(all ? 'accesses.leadOf' : 'accesses.lead')}
      />
      {all ? <OfAnyone days={days} period={period} /> : <OfOneself days={days} period={period} />}
    </Stack>
  )
}

interface Part {
  days: number
  period: React.ReactNode
}

function OfOneself({ days, period }: Part) {
  const { t } = useTranslation()
  const { context } = useMe()
  const ties = useQuery(contextQueries(context).ties())
  const [chosen, setChosen] = useState<string | null>(null)
  const own = ties.data?.relationships.filter((tie) => tie.kind === 'self') ?? []
  const patient = chosen ?? own[0]?.patient
  if (ties.error) return <ProblemNotice error={ties.error} />
  if (!ties.data) return null
  if (!patient) return <Notice kind="info">{t('accesses.noneOwn')}</Notice>
  return (
    <>
      <div className={classes.tools}>
        {own.length > 1 && (
          <NativeSelect
            label={t('accesses.whichPatient')}
            value={patient}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={own.map((tie) => ({
              value: tie.patient,
              label: t('accesses.patientAt', { facility: tie.facility }),
            }))}
          />
        )}
        {period}
      </div>
      <AccessList key={`${patient}/${days}`} patient={patient} days={days} />
    </>
  )
}

function OfAnyone(part: Part) {
  const { me } = useMe()
  return showsPatients(me.permissions) ? <OfFound {...part} /> : <OfGiven {...part} />
}

/** Of a patient whom one looks for by name. */
function OfFound({ days, period }: Part) {
  const { t } = useTranslation()
  const [patient, setPatient] = useState<Patient | null>(null)
  if (!patient)
    return (
      <FindPatient
        label={t('accesses.find')}
        pick={t('accesses.pick')}
        none={t('patients.noneFound')}
        onPick={setPatient}
      />
    )
  return (
    <>
      <PatientLine patient={patient} />
      <div className={classes.tools}>
        {period}
        <Button variant="default" onClick={() => setPatient(null)}>
          {t('accesses.another')}
        </Button>
      </div>
      <AccessList key={`${patient.id}/${days}`} patient={patient.id} days={days} />
    </>
  )
}

/** Of a patient whose id somebody gave, for who may read the log and no chart. */
function OfGiven({ days, period }: Part) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const [patient, setPatient] = useState<string | null>(null)
  const show = (event: FormEvent) => {
    event.preventDefault()
    const id = typed.trim().toLowerCase()
    setWrong(!ID.test(id))
    setPatient(ID.test(id) ? id : null)
  }
  return (
    <>
      <form className={classes.tools} onSubmit={show}>
        <TextInput
          className={classes.id}
          label={t('accesses.patient')}
          description={t('accesses.patientHelp')}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          error={wrong && t('accesses.patientWrong')}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {period}
        <Button type="submit">{t('accesses.show')}</Button>
      </form>
      {patient && <AccessList key={`${patient}/${days}`} patient={patient} days={days} />}
    </>
  )
}
