import { UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './ChoiceCard.module.css'
import { ArrowIcon } from './icons'

interface Props {
  icon?: ReactNode
  title: ReactNode
  text?: ReactNode
  badge?: ReactNode
  onClick(): void
}

/** One of a few things to choose from. */
export function ChoiceCard({ icon, title, text, badge, onClick }: Props) {
  return (
    <UnstyledButton className={classes.card} onClick={onClick}>
      {icon && <span className={classes.icon}>{icon}</span>}
      <span className={classes.words}>
        <span className={classes.title}>
          {title}
          {badge && <span className={classes.badge}>{badge}</span>}
        </span>
        {text && <span className={classes.text}>{text}</span>}
      </span>
      <ArrowIcon />
    </UnstyledButton>
  )
}
