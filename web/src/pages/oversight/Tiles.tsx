import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Figures, Measure } from '@/api/oversight'
import { type Sum, total } from './figures'
import classes from './Oversight.module.css'
import { useSum } from './useSum'

export function Tile({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) {
  return (
    <li className={classes.tile}>
      <div className={classes.tileName}>{name}</div>
      <div className={classes.tileValue}>{value}</div>
      {note && <div className={classes.tileNote}>{note}</div>}
    </li>
  )
}

const INCIDENTS: Measure[] = ['incidents-fall', 'incidents-wound', 'incidents-behaviour', 'incidents-other']
const EXCEPTIONS: Measure[] = ['emergencies', 'exports', 'refusals']

const share = (part: number, whole: number) =>
  new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 }).format(part / whole)

/** The period at a glance. */
export function Tiles({ figures }: { figures: Figures }) {
  const { t } = useTranslation()
  const said = useSum()
  const of = (measure: Measure) => total(figures, measure)
  const together = (measures: Measure[]): Sum =>
    measures.map(of).reduce((sum, it) => ({ count: sum.count + it.count, more: sum.more || it.more }))
  const [begun, inTime] = [of('notes-begun'), of('notes-in-time')]
  const [given, not] = [of('doses-given'), of('doses-not-given')]
  const doses = given.count + not.count
  const seen = (measure: Measure) => !figures.hidden.includes(measure)
  return (
    <ul className={classes.tiles}>
      {seen('residents') && (
        <Tile
          name={t('oversight.m_residents')}
          value={said(of('residents'))}
          note={t('oversight.moves', {
            admitted: said(of('admitted')),
            discharged: said(of('discharged')),
          })}
        />
      )}
      {seen('incidents-fall') && (
        <Tile
          name={t('oversight.plot_incidents')}
          value={said(together(INCIDENTS))}
          note={`${t('oversight.m_incidents-fall')}: ${said(of('incidents-fall'))}`}
        />
      )}
      {seen('notes-begun') && begun.count > 0 && (
        <Tile
          name={t('oversight.notesInTime')}
          value={share(inTime.count, begun.count)}
          note={t('oversight.ofBegun', { begun: said(begun) })}
        />
      )}
      {seen('doses-given') && doses > 0 && !not.more && (
        <Tile
          name={t('oversight.m_doses-not-given')}
          value={share(not.count, doses)}
          note={t('oversight.ofDoses', { doses: said({ count: doses, more: false }) })}
        />
      )}
      <Tile name={t('oversight.plot_exceptions')} value={said(together(EXCEPTIONS))} />
    </ul>
  )
}
