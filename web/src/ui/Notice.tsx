import type { ReactNode } from 'react'
import { CheckIcon, InfoIcon, WarningIcon } from './icons'
import classes from './Notice.module.css'

const icons = { bad: WarningIcon, warn: WarningIcon, good: CheckIcon, info: InfoIcon }

/** Something the person should know now. Bad news interrupts a screen reader, the rest waits its turn. */
export function Notice({ kind, children }: { kind: keyof typeof icons; children: ReactNode }) {
  const Icon = icons[kind]
  return (
    <div className={`${classes.notice} ${classes[kind]}`} role={kind === 'bad' ? 'alert' : 'status'}>
      <Icon />
      <div>{children}</div>
    </div>
  )
}
