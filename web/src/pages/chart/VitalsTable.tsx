import { Anchor, Button } from '@mantine/core'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { atTime, dayOf, onDay } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Vitals.module.css'
import type { Measured } from './VitalsPart'
import { KINDS, type Kind, numbersOf, type Round, shownNumbers, shownUnit, sideOf } from './vitals'

const STEP = 20

/** The rounds, the latest first, a column a kind; on a phone a card a round. */
export const VitalsTable = memo(function VitalsTable({
  rounds,
  zone,
  onWrong,
}: {
  rounds: Round<Measured>[]
  zone: string
  /** Offers to mark a measurement as wrong. */
  onWrong?(round: Round<Measured>): void
}) {
  const { t } = useTranslation()
  const [most, setMost] = useState(STEP)
  const measured = rounds.filter((round) => Object.keys(round.of).length > 0)
  const kinds = KINDS.filter((kind) => measured.some((round) => round.of[kind]))
  const shown = measured.slice(0, most)
  return (
    <>
      <table className={classes.table}>
        <caption className={classes.caption}>{t('vitals.table')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('vitals.when')}</th>
            {kinds.map((kind) => (
              <th scope="col" key={kind}>
                {t(`vitals.kind_${kind}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((round, i) => (
            <tr key={`${round.at}/${KINDS.map((kind) => round.of[kind]?.id).join()}`}>
              <th scope="row">
                {dayOf(round.at, zone) === (shown[i - 1] && dayOf(shown[i - 1]?.at ?? '', zone)) ? (
                  <span className={classes.sameDay}>{onDay(round.at, zone)}</span>
                ) : (
                  <span>{onDay(round.at, zone)}</span>
                )}{' '}
                <span className={classes.time}>{atTime(round.at, zone)}</span>{' '}
                {Object.values(round.of).some((it) => it.pending) && (
                  <Chip kind="warn">{t('vitals.saving')}</Chip>
                )}
                <Notes round={round} />
                {onWrong && !Object.values(round.of).some((it) => it.pending) && (
                  <Anchor
                    component="button"
                    type="button"
                    className={classes.wrong}
                    aria-label={t('vitals.wrongLabel', {
                      when: `${onDay(round.at, zone)}, ${atTime(round.at, zone)}`,
                    })}
                    onClick={() => onWrong(round)}
                  >
                    {t('vitals.wrong')}
                  </Anchor>
                )}
              </th>
              {kinds.map((kind) => (
                <td
                  key={kind}
                  data-label={t(`vitals.kind_${kind}`)}
                  data-empty={!round.of[kind] || undefined}
                >
                  <Value kind={kind} observation={round.of[kind]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {measured.length > most && (
        <div>
          <Button variant="default" size="sm" onClick={() => setMost(most + STEP)}>
            {t('vitals.earlier')}
          </Button>
        </div>
      )}
    </>
  )
})

function Value({ kind, observation }: { kind: Kind; observation: Measured | undefined }) {
  const { t } = useTranslation()
  if (!observation) return null
  const numbers = numbersOf(kind, observation)
  if (numbers.length === 0) return null
  const side = sideOf(kind, numbers)
  return (
    <span className={side && classes.unusual}>
      {shownNumbers(kind, numbers)} <span className={classes.unit}>{shownUnit(kind, numbers[0])}</span>
      {side && <span className={classes.mark}> {t(`vitals.${side}`)}</span>}
    </span>
  )
}

function Notes({ round }: { round: Round<Measured> }) {
  const notes = Object.values(round.of).flatMap((it) => it.note?.flatMap((note) => note.text ?? []) ?? [])
  const by = Object.values(round.of).find((it) => it.performer?.[0]?.display)?.performer?.[0]?.display
  if (notes.length === 0 && !by) return null
  return <span className={classes.by}>{[by, ...notes].filter(Boolean).join(' · ')}</span>
}
