import classes from './ConnectionBanner.module.css'
import { WarningIcon } from './icons'

export function ConnectionBanner({ text }: { text: string }) {
  return (
    <div className={classes.banner} role="status">
      <WarningIcon />
      <span>{text}</span>
    </div>
  )
}
