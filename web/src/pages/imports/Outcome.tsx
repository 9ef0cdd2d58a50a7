import { useTranslation } from 'react-i18next'
import type { SheetProgress } from '@/api/imports'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import own from './Imports.module.css'
import { letterOf, useFaultWords, useFieldWords } from './words'

const FIGURES = ['created', 'changed', 'same', 'faulty', 'alike', 'differing', 'withdrawn', 'left'] as const
/** Those that are told also when they are none. */
const ALWAYS: readonly string[] = ['created', 'changed', 'same', 'faulty']

/** What the rows come to: figures, faults, and what was compared. */
export function Outcome({ it }: { it: SheetProgress }) {
  const { t } = useTranslation()
  const fields = useFieldWords()
  const faults = useFaultWords()
  const planned = it.state === 'checked'
  const where = (one: SheetProgress['faults'][number]) => {
    if (one.field) return fields(one.field)
    return one.column === null ? t('imports.wholeRow') : letterOf(one.column)
  }
  return (
    <>
      <Section title={t(planned ? 'imports.result' : 'imports.resultDone')}>
        <dl className={own.figures}>
          {FIGURES.filter((name) => ALWAYS.includes(name) || it[name] > 0).map((name) => (
            <div key={name} className={own.figure}>
              <dt>{t(`imports.${name}`)}</dt>
              <dd>{it[name].toLocaleString('en')}</dd>
            </div>
          ))}
        </dl>
      </Section>
      {it.faults.length > 0 && (
        <Section title={t('imports.faults')} lead={t('imports.faultsLead')}>
          <ul className={own.lines}>
            {it.faults.map((one) => (
              <li key={`${one.column}:${one.field}:${one.fault}`} className={own.line}>
                <span>{t('imports.rows', { count: one.rows, number: one.rows.toLocaleString('en') })}</span>
                <span className={own.words}>
                  {t('imports.faultIn', { column: where(one), fault: faults(one.fault) })}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {it.compared.length > 0 && <Compared it={it} />}
    </>
  )
}

function Compared({ it }: { it: SheetProgress }) {
  const { t } = useTranslation()
  const fields = useFieldWords()
  const sum = (name: 'cells' | 'differences') => it.compared.reduce((all, one) => all + one[name], 0)
  const [cells, differ] = [sum('cells'), sum('differences')]
  return (
    <Section title={t('imports.compared')} lead={t('imports.comparedLead')}>
      {differ === 0 ? (
        <Notice kind="good">
          {t('imports.allSame', { count: cells, number: cells.toLocaleString('en') })}
        </Notice>
      ) : (
        <Notice kind="bad">
          {t('imports.someDiffer', { count: differ, number: differ.toLocaleString('en') })}
        </Notice>
      )}
      <details>
        <summary>{t('imports.byField')}</summary>
        <table className={own.table}>
          <thead>
            <tr>
              <th scope="col">{t('imports.field')}</th>
              <th scope="col">{t('imports.cells')}</th>
              <th scope="col">{t('imports.differences')}</th>
            </tr>
          </thead>
          <tbody>
            {it.compared.map((one) => (
              <tr key={one.field}>
                <td>{fields(one.field)}</td>
                <td>{one.cells.toLocaleString('en')}</td>
                <td>{one.differences.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </Section>
  )
}
