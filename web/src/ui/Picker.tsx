import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import classes from './Picker.module.css'

export interface Choice {
  key: string
  group: string
  title: string
  text?: string
}

interface Props<Of extends Choice> {
  /** What the list is called, and the field above it. */
  title: string
  field: string
  typed: string
  onType(typed: string): void
  /** In the order in which they are shown: group by group. */
  choices: Of[]
  /** What the groups are called, by their keys. */
  groups: Record<string, string>
  /** Which choice Enter takes as long as no arrow was pressed. */
  first: number
  onPick(choice: Of, by: 'key' | 'press'): void
  /** What is said below the list. */
  children?: ReactNode
}

/** A field that narrows a list: a few letters, arrows, Enter. The field keeps the focus and tells which is chosen. */
export function Picker<Of extends Choice>({
  title,
  field,
  typed,
  onType,
  choices,
  groups,
  first,
  onPick,
  children,
}: Props<Of>) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const chosen = Math.min(at ?? first, choices.length - 1)
  const now = choices[chosen]
  function hear(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && choices.length > 0) {
      event.preventDefault()
      const next = (chosen + step + choices.length) % choices.length
      setAt(next)
      list.current?.querySelectorAll('[role=option]')[next]?.scrollIntoView({ block: 'nearest' })
    }
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault()
      if (now) onPick(now, 'key')
    }
  }
  const there = Object.keys(groups).filter((group) => choices.some((it) => it.group === group))
  return (
    <>
      <input
        className={classes.field}
        role="combobox"
        aria-label={field}
        placeholder={field}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={now && `${id}-${now.key}`}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        data-autofocus
        value={typed}
        onChange={(event) => {
          onType(event.currentTarget.value)
          setAt(null)
        }}
        onKeyDown={hear}
      />
      <div className={classes.list} role="listbox" id={`${id}-list`} aria-label={title} ref={list}>
        {there.map((group) => (
          // biome-ignore lint/a11y/useSemanticElements: groups of a listbox are no fieldsets
          <div key={group} role="group" aria-labelledby={`${id}-${group}`}>
            <div className={classes.group} id={`${id}-${group}`} role="presentation">
              {groups[group]}
            </div>
            {choices
              .filter((it) => it.group === group)
              .map((it) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus, and tells which is chosen
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
                <div
                  key={it.key}
                  id={`${id}-${it.key}`}
                  role="option"
                  aria-selected={it === now}
                  className={classes.choice}
                  onClick={() => onPick(it, 'press')}
                >
                  <span className={classes.title}>{it.title}</span>
                  {it.text && <span className={classes.text}>{it.text}</span>}
                </div>
              ))}
          </div>
        ))}
      </div>
      {children}
    </>
  )
}

/** A line below the list. */
export function PickerHint({ children }: { children: ReactNode }) {
  return <p className={classes.hint}>{children}</p>
}
