import { Button } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Observation } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { atMoment } from '@/texts/zone'
import { Notice } from '@/ui/Notice'
import { Entry, Group, Nothing, Part } from './Part'
import { notesOf } from './records'
import { MOST_VITALS, VITAL_SIGNS } from './sections'
import { Trends } from './Trends'
import { useChart, useRecords } from './useChart'
import classes from './Vitals.module.css'
import { VitalsForm } from './VitalsForm'
import { VitalsTable } from './VitalsTable'
import { kindOf, numbersOf, type Round, roundsOf, shownNumbers, shownUnit } from './vitals'
import { WrongVitals } from './WrongVitals'
import { conceptOf, quantityOf } from './words'

/** An Observation that is on its way to the server has no version yet. */
export type Measured = Observation & { pending?: true }

const NONE: Observation[] = []

export function VitalsPart() {
  const { t } = useTranslation()
  const { may, zone, draftKey } = useChart()
  const observations = useRecords('Observation', VITAL_SIGNS, MOST_VITALS) ?? NONE
  const form = draftKey('vitals')
  const [open, setOpen] = useState(() => drafts.has(form))
  const [pending, setPending] = useState<Measured[]>([])
  const [saved, setSaved] = useState(false)
  const news = useRef<HTMLDivElement>(null)
  // What was in focus went with the form.
  useEffect(() => {
    if (saved) news.current?.focus({ preventScroll: true })
  }, [saved])
  const [wrong, setWrong] = useState<Round | null>(null)
  const rounds = useMemo(() => roundsOf<Measured>([...pending, ...observations]), [pending, observations])
  const writes = may('chart.write')
  return (
    <Part
      title={t('vitals.title')}
      actions={
        writes &&
        !open && (
          <Button
            onClick={() => {
              setSaved(false)
              // At once: what is typed next goes into its first field.
              setOpen(true)
            }}
          >
            {t('vitals.chart')}
          </Button>
        )
      }
    >
      {saved && (
        <div ref={news} tabIndex={-1} className={classes.news}>
          <Notice kind="good">{t('vitals.saved')}</Notice>
        </div>
      )}
      {writes && open && (
        <VitalsForm
          before={observations}
          draft={form}
          onSending={setPending}
          onSaved={() => {
            setSaved(true)
            setOpen(false)
          }}
          onCancel={() => setOpen(false)}
        />
      )}
      {rounds.length === 0 ? (
        <Nothing>{t('vitals.none')}</Nothing>
      ) : (
        <>
          <Trends rounds={rounds} zone={zone} />
          <VitalsTable rounds={rounds} zone={zone} onWrong={writes ? setWrong : undefined} />
        </>
      )}
      {wrong && <WrongVitals round={wrong} onDone={() => setWrong(null)} />}
      <TakenBack observations={observations} />
      {rounds.some((round) => round.others.length > 0) && <Others rounds={rounds} />}
    </Part>
  )
}

/** What is measured seldom and has no column of its own: height, head circumference. */
function Others({ rounds }: { rounds: ReturnType<typeof roundsOf<Measured>> }) {
  const { t } = useTranslation()
  const { zone } = useChart()
  const others = rounds.flatMap((round) => round.others)
  return (
    <Group title={t('vitals.others')}>
      {others.map((it) => (
        <OtherEntry key={it.id} observation={it} zone={zone} />
      ))}
    </Group>
  )
}

function OtherEntry({ observation, zone }: { observation: Observation; zone: string }) {
  return (
    <Entry
      title={conceptOf(observation.code)}
      lines={[quantityOf(observation.valueQuantity)]}
      aside={observation.effectiveDateTime && atMoment(observation.effectiveDateTime, zone)}
    />
  )
}

/** What was entered in error stays readable, apart from what counts. */
function TakenBack({ observations }: { observations: Observation[] }) {
  const { t } = useTranslation()
  const { zone } = useChart()
  const all = observations.filter((it) => it.status === 'entered-in-error')
  if (all.length === 0) return null
  return (
    <Group title={t('vitals.takenBack')}>
      {all.map((it) => {
        const kind = kindOf(it)
        const numbers = kind ? numbersOf(kind, it) : []
        const words = kind ? `${shownNumbers(kind, numbers)} ${shownUnit(kind, numbers[0])}` : ''
        return (
          <Entry
            key={it.id}
            quiet
            title={
              <s>
                {kind
                  ? `${t(`vitals.kind_${kind}`)} ${words}`
                  : `${conceptOf(it.code)} ${quantityOf(it.valueQuantity)}`}
              </s>
            }
            lines={[notesOf(it)]}
            aside={it.effectiveDateTime && atMoment(it.effectiveDateTime, zone)}
          />
        )
      })}
    </Group>
  )
}
