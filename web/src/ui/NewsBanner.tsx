import { Button, CloseButton } from '@mantine/core'
import classes from './NewsBanner.module.css'

interface Props {
  text: string
  action: string
  onAction(): void
  close: string
  onClose(): void
}

/** Something to know that can wait: at the foot of the window, over nothing that is typed. */
export function NewsBanner({ text, action, onAction, close, onClose }: Props) {
  return (
    <div className={classes.banner} role="status">
      <span className={classes.text}>{text}</span>
      <Button size="sm" onClick={onAction}>
        {action}
      </Button>
      <CloseButton size="lg" aria-label={close} onClick={onClose} />
    </div>
  )
}
