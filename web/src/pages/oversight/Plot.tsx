import { useElementSize } from '@mantine/hooks'
import type { CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './Plot.module.css'

export interface Series {
  key: string
  name: string
  /** One for each label; null is not told. */
  values: (number | null)[]
}

interface Props {
  title: string
  labels: string[]
  series: Series[]
}

const LEFT = 36
const BOTTOM = 22
const TOP = 8
/** Room that a label needs beside the next, in pixels. */
const LABEL = 64

/** The next round number that is no smaller: 1, 2 or 5 times a power of ten. */
export function roundUp(most: number): number {
  if (most <= 4) return 4
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 5, 10].map((it) => it * power).find((it) => it >= most) ?? most
}

const colored = (at: number) => ({ '--series': `var(--s${at % 4})` }) as CSSProperties

/** Bars by time, one upon the other. What it shows stands in a table as well: see `FiguresTable`. */
export function Plot({ title, labels, series }: Props) {
  const { t } = useTranslation()
  const { ref, width: measured } = useElementSize()
  const [width, height] = [measured || 640, 208]
  const sums = labels.map((_, i) => series.reduce((sum, it) => sum + (it.values[i] ?? 0), 0))
  const top = roundUp(Math.max(0, ...sums))
  const step = (width - LEFT) / Math.max(1, labels.length)
  const thick = Math.max(2, Math.min(48, step * 0.72))
  const scale = (height - TOP - BOTTOM) / top
  const every = Math.max(1, Math.ceil(LABEL / step))
  const ground = height - BOTTOM
  return (
    <figure className={classes.figure}>
      {series.length > 1 && (
        <ul className={classes.legend}>
          {series.map((it, i) => (
            <li key={it.key} style={colored(i)}>
              <span className={classes.swatch} aria-hidden />
              {it.name}
            </li>
          ))}
        </ul>
      )}
      <div className={classes.room} ref={ref}>
        <svg
          className={classes.svg}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={t('oversight.plotSays', { title, series: series.map((it) => it.name).join(', ') })}
        >
          {[0, 0.5, 1].map((part) => (
            <g key={part}>
              <line
                className={classes.grid}
                x1={LEFT}
                x2={width}
                y1={ground - part * top * scale}
                y2={ground - part * top * scale}
              />
              <text
                className={classes.label}
                x={LEFT - 6}
                y={ground - part * top * scale + 4}
                textAnchor="end"
              >
                {Number((part * top).toFixed(1))}
              </text>
            </g>
          ))}
          {labels.map((label, i) => {
            const x = LEFT + i * step + (step - thick) / 2
            let below = 0
            return (
              <g key={label}>
                {series.map((it, at) => {
                  const value = it.values[i] ?? 0
                  const y = ground - (below + value) * scale
                  below += value
                  return (
                    value > 0 && (
                      <rect
                        key={it.key}
                        className={classes.bar}
                        style={colored(at)}
                        x={x}
                        y={y}
                        width={thick}
                        height={value * scale}
                      >
                        <title>{`${label}: ${it.name} ${value}`}</title>
                      </rect>
                    )
                  )
                })}
                {i % every === 0 && (
                  <text className={classes.label} x={x + thick / 2} y={height - 5} textAnchor="middle">
                    {label}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      </div>
    </figure>
  )
}
