import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Form, takenFrom } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import classes from './Oversight.module.css'
import { save } from './save'
import './texts'

/** The report of one record as a file: on paper or as a table. */
export function TakeReport({ patient, name, days }: { patient: string; name?: string; days: number }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [taking, setTaking] = useState<Form | null>(null)
  const [done, setDone] = useState(false)
  const [error, setError] = useState<unknown>(null)
  async function take(form: Form) {
    setTaking(form)
    setError(null)
    setDone(false)
    try {
      save(await takenFrom(context).accesses(patient, days, form), `who-looked.${form}`)
      setDone(true)
    } catch (problem) {
      setError(problem)
    } finally {
      setTaking(null)
    }
  }
  return (
    <section aria-label={t('oversight.report')}>
      <div className={classes.row}>
        <Text c="dimmed">{name ? t('oversight.reportLead', { name }) : t('oversight.reportHere')}</Text>
        <Button variant="default" size="sm" loading={taking === 'pdf'} onClick={() => take('pdf')}>
          {t('oversight.reportPdf')}
        </Button>
        <Button variant="default" size="sm" loading={taking === 'csv'} onClick={() => take('csv')}>
          {t('oversight.reportCsv')}
        </Button>
      </div>
      <ProblemNotice error={error} instead={{ 'report-too-long': t('oversight.tooLong') }} />
      {done && <Notice kind="good">{t('oversight.reportTaken')}</Notice>}
    </section>
  )
}
