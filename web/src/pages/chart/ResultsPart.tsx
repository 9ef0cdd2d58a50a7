import { useTranslation } from 'react-i18next'
import type { Observation } from '@/api/fhirTypes'
import { statusWords } from '@/texts/words'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Entry, Group, Nothing, Part } from './Part'
import classes from './Results.module.css'
import { LABORATORY } from './sections'
import { useChart, useRecords } from './useChart'
import { conceptOf, quantityOf } from './words'

export function ResultsPart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const reports = (useRecords('DiagnosticReport', undefined, 100) ?? []).filter(
    (it) => it.status !== 'entered-in-error',
  )
  const observations = (useRecords('Observation', LABORATORY, 400) ?? []).filter(
    (it) => it.status !== 'entered-in-error',
  )
  const byId = new Map(observations.map((it) => [`Observation/${it.id}`, it]))
  const reported = new Set(reports.flatMap((it) => it.result?.map((result) => result.reference) ?? []))
  const alone = observations.filter((it) => !reported.has(`Observation/${it.id}`))
  return (
    <Part title={t('chart.section_results')}>
      {reports.length + alone.length === 0 && <Nothing>{t('chart.noResults')}</Nothing>}
      {reports.length > 0 && (
        <Group>
          {reports.map((it) => (
            <Entry
              key={it.id}
              title={conceptOf(it.code)}
              chips={it.status !== 'final' && <Chip kind="warn">{statusWords(it.status)}</Chip>}
              lines={[
                it.performer?.[0]?.display,
                it.conclusion,
                <Values
                  key="values"
                  observations={(it.result ?? []).flatMap((result) => byId.get(result.reference ?? '') ?? [])}
                />,
              ]}
              aside={
                (it.effectiveDateTime ?? it.issued) && atMoment(it.effectiveDateTime ?? it.issued ?? '', zone)
              }
            />
          ))}
        </Group>
      )}
      {alone.length > 0 && (
        <Group title={t('chart.otherResults')}>
          {alone.map((it) => (
            <Entry
              key={it.id}
              title={conceptOf(it.code)}
              lines={[<Values key="values" observations={[it]} />]}
              aside={it.effectiveDateTime && atMoment(it.effectiveDateTime, zone)}
            />
          ))}
        </Group>
      )}
    </Part>
  )
}

/** What was measured, what is usual for it, and whether it is beyond. */
function Values({ observations }: { observations: Observation[] }) {
  const { t } = useTranslation()
  if (observations.length === 0) return null
  return (
    <dl className={classes.values}>
      {observations.map((it) => {
        const beyond = it.interpretation?.map(conceptOf).join(', ')
        const normal = it.interpretation?.every((one) => one.coding?.some((c) => c.code === 'N'))
        return (
          <div key={it.id} className={classes.value}>
            <dt>{conceptOf(it.code)}</dt>
            <dd className={beyond && !normal ? classes.beyond : undefined}>
              {valueIn(it)} {beyond && !normal && <span>({beyond})</span>}
              {rangeOf(it) && (
                <span className={classes.range}> {t('chart.range', { range: rangeOf(it) })}</span>
              )}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

const valueIn = (it: Observation): string =>
  quantityOf(it.valueQuantity) ||
  conceptOf(it.valueCodeableConcept) ||
  it.valueString ||
  (it.valueInteger !== undefined ? String(it.valueInteger) : '')

function rangeOf(it: Observation): string {
  const range = it.referenceRange?.[0]
  if (!range) return ''
  if (range.text) return range.text
  const [low, high] = [range.low?.value, range.high?.value]
  if (low !== undefined && high !== undefined) return `${low}–${high}`
  return low !== undefined ? `≥ ${low}` : high !== undefined ? `≤ ${high}` : ''
}
