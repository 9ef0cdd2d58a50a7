import type { SummarySection } from '@/api/noteTypes'
import classes from './Editor.module.css'

/** The words of a note, a section at a time. */
export function Summary({ sections, empty }: { sections: SummarySection[]; empty?: string }) {
  const told = sections.filter((it) => it.lines.length > 0)
  if (told.length === 0) return <p className={classes.lead}>{empty}</p>
  return told.map((section, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: sections have no identity of their own
    <section key={i} aria-label={section.title || undefined}>
      {section.title && <h3>{section.title}</h3>}
      <ul className={classes.lines}>
        {section.lines.map((line, j) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: nor have lines
          <li key={j}>{line}</li>
        ))}
      </ul>
    </section>
  ))
}
