import { Button, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Chip } from '@/ui/Chip'
import classes from './Part.module.css'

interface Props {
  title: ReactNode
  /** What can be done here. */
  actions?: ReactNode
  children: ReactNode
}

/** A section of the chart. Reading goes on at its title when one changes to it. */
export function Part({ title, actions, children }: Props) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={classes.part}>
      <div className={classes.head}>
        <Title order={2} id={id} tabIndex={-1} className={classes.title}>
          {title}
        </Title>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  )
}

/** Some of a section's records under words of their own. */
export function Group({ title, children }: { title?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section className={classes.group} aria-labelledby={title ? id : undefined}>
      {title && (
        <Title order={3} id={id} className={classes.groupTitle}>
          {title}
        </Title>
      )}
      <ul className={classes.records}>{children}</ul>
    </section>
  )
}

interface RecordProps {
  title: ReactNode
  chips?: ReactNode
  /** The lines below; empty ones are left out. */
  lines?: ReactNode[]
  aside?: ReactNode
  action?: ReactNode
  quiet?: boolean
  /** It is on its way: nothing is done with it until it has arrived. */
  pending?: boolean
}

/** The records that count, or that there are none, and below them those that are over. */
export function Records<Of>({
  none,
  present,
  past,
  pastTitle,
  entry,
}: {
  none: string
  present: Of[]
  past: Of[]
  pastTitle: string
  entry(it: Of, over: boolean): ReactNode
}) {
  return (
    <>
      {present.length === 0 ? (
        <Nothing>{none}</Nothing>
      ) : (
        <Group>{present.map((it) => entry(it, false))}</Group>
      )}
      {past.length > 0 && <Group title={pastTitle}>{past.map((it) => entry(it, true))}</Group>}
    </>
  )
}

/** One record: what it is, a few lines about it, and what can be done with it. */
export function Entry({ title, chips, lines = [], aside, action, quiet, pending }: RecordProps) {
  const { t } = useTranslation()
  const told = lines.filter((it) => it !== undefined && it !== null && it !== '' && it !== false)
  return (
    <li
      className={`${classes.record} ${quiet || pending ? classes.past : ''}`}
      aria-busy={pending || undefined}
    >
      <div className={classes.words}>
        <div className={classes.name}>
          {title} {chips} {pending && <Chip>{t('chart.saving')}</Chip>}
        </div>
        {told.map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own
          <div key={i} className={classes.line}>
            {line}
          </div>
        ))}
      </div>
      {aside && <div className={classes.aside}>{aside}</div>}
      {action && !pending && <div className={classes.action}>{action}</div>}
    </li>
  )
}

/** What can be done with one record. To those who hear it, it names the record too. */
export function Act({ label, children, onClick }: { label: string; children: ReactNode; onClick(): void }) {
  return (
    <Button variant="subtle" size="sm" aria-label={label} onClick={onClick}>
      {children}
    </Button>
  )
}

export function Nothing({ children }: { children: ReactNode }) {
  return <p className={classes.nothing}>{children}</p>
}
