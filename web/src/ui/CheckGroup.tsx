import { Checkbox, Input } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import classes from './CheckGroup.module.css'

export interface Check {
  key: string
  label: string
  /** Why it is as it is. */
  note?: string
  fixed?: boolean
}

interface Props {
  label: string
  hint?: ReactNode
  error?: ReactNode
  groups: { title?: string; checks: Check[] }[]
  value: ReadonlySet<string>
  onChange(value: Set<string>): void
}

/** Things of which any may be chosen, in groups. */
export function CheckGroup({ label, hint, error, groups, value, onChange }: Props) {
  const id = useId()
  function toggle(key: string, on: boolean) {
    const next = new Set(value)
    if (on) next.add(key)
    else next.delete(key)
    onChange(next)
  }
  return (
    <fieldset className={classes.set} aria-describedby={`${id}-hint ${id}-error`}>
      <legend className={classes.legend}>{label}</legend>
      {hint && (
        <Input.Description size="md" id={`${id}-hint`}>
          {hint}
        </Input.Description>
      )}
      <div className={classes.groups}>
        {groups.map((group, i) => (
          <fieldset key={group.title ?? i} className={classes.group}>
            {group.title && <legend className={classes.title}>{group.title}</legend>}
            {group.checks.map((check) => (
              <Checkbox
                key={check.key}
                label={check.label}
                description={check.note}
                disabled={check.fixed}
                checked={value.has(check.key)}
                onChange={(event) => toggle(check.key, event.currentTarget.checked)}
              />
            ))}
          </fieldset>
        ))}
      </div>
      {error && (
        <Input.Error id={`${id}-error`} role="alert">
          {error}
        </Input.Error>
      )}
    </fieldset>
  )
}
