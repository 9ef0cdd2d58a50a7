import { useState } from 'react'
import { wordDiff } from '../diff'
import classes from './Field.module.css'

/** What is different from last time, when somebody asks. */
export function TextDiff({ was, is, title }: { was: string; is: string; title: string }) {
  const [open, setOpen] = useState(false)
  return (
    <details className={classes.diff} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && (
        <p>
          {wordDiff(was, is).map(({ kind, text }, i) => {
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity of their own
            if (kind === 'gone') return <del key={i}>{text}</del>
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            if (kind === 'new') return <ins key={i}>{text}</ins>
            return text
          })}
        </p>
      )}
    </details>
  )
}
