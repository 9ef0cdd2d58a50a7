import { useTranslation } from 'react-i18next'
import type { Observation } from '@/api/fhirTypes'
import { quantityOf } from '@/pages/chart/words'
import { onDay } from '@/texts/zone'
import classes from './Family.module.css'

const WIDTH = 120
const HEIGHT = 32
const EDGE = 4
const POINTS = 20

/** How something measured went, in a small line; nothing where there are no two numbers. */
export function Spark({ all, zone }: { all: Observation[]; zone: string }) {
  const { t } = useTranslation()
  const points = all
    .flatMap((it) =>
      it.valueQuantity?.value !== undefined && it.effectiveDateTime
        ? [{ at: it.effectiveDateTime, value: it.valueQuantity.value, words: quantityOf(it.valueQuantity) }]
        : [],
    )
    .slice(0, POINTS)
    .toReversed()
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last || points.length < 2) return null
  const values = points.map((it) => it.value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const [from, to] = [Date.parse(first.at), Date.parse(last.at)]
  const x = (at: string) => EDGE + ((Date.parse(at) - from) / Math.max(1, to - from)) * (WIDTH - 2 * EDGE)
  const y = (value: number) =>
    high === low ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE)
  const at = points.map((it) => [x(it.at).toFixed(1), y(it.value).toFixed(1)] as const)
  const [endX, endY] = at.at(-1) ?? ['0', '0']
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      className={classes.spark}
      role="img"
      aria-label={t('family.trend', {
        count: points.length,
        from: onDay(first.at, zone),
        to: onDay(last.at, zone),
        first: first.words,
        last: last.words,
      })}
    >
      <polyline className={classes.line} points={at.map((it) => it.join(',')).join(' ')} />
      <circle className={classes.end} cx={endX} cy={endY} r={3} />
    </svg>
  )
}
