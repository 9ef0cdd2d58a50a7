import { Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './Doorway.module.css'
import { LampMark } from './LampMark'

interface Props {
  /** Whose door it is, beside whose product. */
  house?: { name: string; logo?: string }
  title: string
  lead?: ReactNode
  foot?: ReactNode
  /** `full`: as wide as a page of many choices needs. */
  wide?: boolean | 'full'
  /** Moves the focus to the title when it changes, so that a screen reader tells of a new step. */
  announce?: boolean
  children?: ReactNode
}

/** A page outside a post: one thing to do, in one card. */
export function Doorway({ house, title, lead, foot, wide, announce, children }: Props) {
  const { t } = useTranslation()
  const heading = useRef<HTMLHeadingElement>(null)
  const first = useRef(title)
  useEffect(() => {
    if (announce || first.current !== title) heading.current?.focus()
    first.current = title
  }, [title, announce])
  return (
    <div className={classes.page}>
      <header className={classes.brand}>
        <LampMark size={34} />
        <span>{t('common.product')}</span>
      </header>
      {house && (
        <p className={classes.house}>
          {house.logo && <img src={house.logo} alt="" className={classes.logo} />}
          <span>{house.name}</span>
        </p>
      )}
      <main
        className={[classes.card, wide && classes.wide, wide === 'full' && classes.full]
          .filter(Boolean)
          .join(' ')}
      >
        <Stack gap="lg">
          <Stack gap={6}>
            <Title order={1} ref={heading} tabIndex={-1}>
              {title}
            </Title>
            {lead && <Text c="dimmed">{lead}</Text>}
          </Stack>
          {children}
        </Stack>
      </main>
      {foot && <footer className={classes.foot}>{foot}</footer>}
    </div>
  )
}
