import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Patient } from '@/api/fhirTypes'
import type { Outcome } from '@/api/medications'
import { atTime } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { type Due, REASONS } from './doses'
import type { Kept } from './Outbox'
import classes from './Pass.module.css'
import { Face, What, Who } from './ResidentCard'
import { keptOf } from './useOutbox'

interface Props {
  due: Due
  photo: Patient['photo']
  onRecord(doses: Omit<Kept, 'at' | 'state' | 'told'>[]): void
  onClose(): void
}

type Not = Exclude<Outcome, 'given'>
const OUTCOMES = Object.keys(REASONS) as Not[]

/** Why a dose is not given: the usual reasons are one touch each. */
export function NotGivenDialog({ due, photo, onRecord, onClose }: Props) {
  const { t } = useTranslation()
  const [outcome, setOutcome] = useState<Not>('refused')
  const [words, setWords] = useState('')
  const [tried, setTried] = useState(false)
  const { resident, order, dose } = due
  const name = resident.name || t('medications.nameless')
  const record = (outcome: Not, reason: string) => onRecord([keptOf(due, outcome, { reason })])
  function other(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (words.trim()) record(outcome, words.trim())
  }
  return (
    <Dialog title={t('medications.notTitle', { what: order.medication })} wide onClose={onClose}>
      <div className={classes.who}>
        <Face photo={photo} name={name} />
        <Who resident={resident} inDialog />
      </div>
      <ul className={`${classes.doses} ${classes.apart}`}>
        <li className={classes.dose}>
          <span className={classes.time}>{dose?.due && atTime(dose.due, resident.zone)}</span>
          <What order={order} />
        </li>
      </ul>
      {OUTCOMES.map((of) => (
        <fieldset key={of} className={classes.reasons}>
          <legend>{t(`medications.outcome_${of}`)}</legend>
          <div className={classes.reasonButtons}>
            {REASONS[of].map((key) => {
              const words = t(`medications.reasons.${key}`)
              return (
                <button
                  key={key}
                  type="button"
                  className={classes.otherAct}
                  onClick={() => record(of, words)}
                >
                  {words}
                </button>
              )
            })}
          </div>
        </fieldset>
      ))}
      <form onSubmit={other} className={classes.reasons}>
        <div className={classes.otherReason}>
          <NativeSelect
            size="md"
            label={t('medications.other')}
            value={outcome}
            onChange={(event) => setOutcome(event.currentTarget.value as Not)}
            data={OUTCOMES.map((value) => ({ value, label: t(`medications.outcome_${value}`) }))}
          />
          <TextInput
            size="md"
            label={t('medications.otherWhat')}
            error={tried && !words.trim() && t('medications.otherNeeded')}
            maxLength={500}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
          <Button size="md" type="submit" variant="default">
            {t('medications.record')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
