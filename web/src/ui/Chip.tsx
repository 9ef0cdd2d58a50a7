import type { ReactNode } from 'react'
import classes from './Chip.module.css'

/** A short word about a thing. The word says it; the colour only helps. */
export function Chip({
  kind = 'plain',
  children,
}: {
  kind?: 'plain' | 'good' | 'warn' | 'bad'
  children: ReactNode
}) {
  return <span className={`${classes.chip} ${classes[kind] ?? ''}`}>{children}</span>
}
