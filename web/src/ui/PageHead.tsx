import { Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import classes from './PageHead.module.css'

interface Props {
  /** Where the page was come to from. */
  back?: ReactNode
  title: ReactNode
  lead?: ReactNode
  /** What can be done here. */
  actions?: ReactNode
}

/** The head of a page. Reading begins at its title, wherever the link to it stood. */
export function PageHead({ back, title, lead, actions }: Props) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <header>
      {back && <div className={classes.back}>{back}</div>}
      <div className={classes.head}>
        <div className={classes.words}>
          <Title order={1} ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" size="lg" component="div">
              {lead}
            </Text>
          )}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
    </header>
  )
}
