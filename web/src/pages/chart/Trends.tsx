import { memo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { onDay } from '@/texts/zone'
import classes from './Vitals.module.css'
import type { Measured } from './VitalsPart'
import {
  inFirstUnit,
  KINDS,
  type Kind,
  LIMITS,
  numbersOf,
  type Round,
  shownNumbers,
  shownUnit,
} from './vitals'

const WIDTH = 200
const HEIGHT = 56
const EDGE = 6
const POINTS = 30

interface TrendsProps {
  rounds: Round<Measured>[]
  zone: string
  /** What stands beside the name of a sign. */
  mark?: (kind: Kind) => ReactNode
}

/** How each sign went, over the latest measurements: what a table does not show at a glance. */
export const Trends = memo(function Trends({ rounds, zone, mark }: TrendsProps) {
  const kinds = KINDS.filter((kind) => rounds.filter((round) => round.of[kind]).length > 1)
  if (kinds.length === 0) return null
  return (
    <ul className={classes.trends}>
      {kinds.map((kind) => (
        <Trend key={kind} kind={kind} rounds={rounds} zone={zone} mark={mark?.(kind)} />
      ))}
    </ul>
  )
})

function Trend({
  kind,
  rounds,
  zone,
  mark,
}: {
  kind: Kind
  rounds: Round<Measured>[]
  zone: string
  mark: ReactNode
}) {
  const { t } = useTranslation()
  const points = rounds
    .flatMap((round) => {
      const observation = round.of[kind]
      const numbers = observation ? numbersOf(kind, observation) : []
      return numbers.length > 0 ? [{ at: Date.parse(round.at), day: round.at, numbers }] : []
    })
    .slice(0, POINTS)
    .toReversed()
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last) return null
  const values = points.map((it) => it.numbers.map((number, i) => inFirstUnit(kind, number, i)))
  const all = values.flat()
  // A steady sign is a steady line: no less than a tenth of what is usual fills the height.
  const [low, high] = LIMITS[kind === 'pressure' ? 'systolic' : kind].usual
  const slack = Math.max(0, (high - low) / 5 - (Math.max(...all) - Math.min(...all))) / 2
  const [bottom, top] = [Math.min(...all) - slack, Math.max(...all) + slack]
  const x = (at: number) => EDGE + ((at - first.at) / Math.max(1, last.at - first.at)) * (WIDTH - 2 * EDGE)
  const y = (value: number) => HEIGHT - EDGE - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - 2 * EDGE)
  const lines = kind === 'pressure' ? [0, 1] : [0]
  const unit = shownUnit(kind, last.numbers[0])
  return (
    <li className={classes.trend}>
      <span className={classes.trendName}>
        {t(`vitals.kind_${kind}`)} {mark}
      </span>
      <span className={classes.trendLast}>
        {shownNumbers(kind, last.numbers)} <span className={classes.unit}>{unit}</span>
      </span>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        className={classes.drawing}
        role="img"
        aria-label={t('vitals.trend', {
          count: points.length,
          from: onDay(first.day, zone),
          to: onDay(last.day, zone),
          first: shownNumbers(kind, first.numbers),
          last: shownNumbers(kind, last.numbers),
        })}
      >
        {lines.map((line) => (
          <g key={line}>
            <polyline
              className={classes.line}
              points={points
                .map((it, i) => `${x(it.at).toFixed(1)},${y(values[i]?.[line] ?? 0).toFixed(1)}`)
                .join(' ')}
            />
            {points.map((it, i) => (
              <circle
                key={it.day}
                className={i === points.length - 1 ? classes.latest : classes.point}
                cx={x(it.at).toFixed(1)}
                cy={y(values[i]?.[line] ?? 0).toFixed(1)}
                r={i === points.length - 1 ? 3.4 : 2}
              />
            ))}
          </g>
        ))}
      </svg>
      <span className={classes.trendSpan}>{t('chart.since', { day: onDay(first.day, zone) })}</span>
    </li>
  )
}
