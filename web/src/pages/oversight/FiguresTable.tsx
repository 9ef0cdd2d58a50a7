import { useTranslation } from 'react-i18next'
import type { Figures, Measure } from '@/api/oversight'
import { overTime, spanSum, spansOf, spanWords, total } from './figures'
import classes from './Oversight.module.css'
import { Scroll } from './Scroll'
import { useSum } from './useSum'

/** What a plot shows as tables: by facility, and by time. */
export function FiguresTable({ figures, measures }: { figures: Figures; measures: readonly Measure[] }) {
  const { t } = useTranslation()
  const said = useSum()
  const seen = measures.filter((it) => !figures.hidden.includes(it))
  const head = (first: string) => (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {seen.map((it) => (
          <th key={it} scope="col" data-number>
            {t(`oversight.m_${it}`)}
          </th>
        ))}
      </tr>
    </thead>
  )
  const whole = seen.some((it) => it === 'exports' || it === 'refusals') && figures.elsewhere.length > 0
  return (
    <>
      {figures.facilities.length > 1 && (
        <Scroll label={t('oversight.bySite')}>
          <table className={classes.table} aria-label={t('oversight.bySite')}>
            {head(t('oversight.site'))}
            <tbody>
              {figures.facilities.map((site) => (
                <tr key={site.code}>
                  <th scope="row">{site.name}</th>
                  {seen.map((it) => (
                    <td key={it} data-number>
                      {said(overTime(site.spans, figures, it))}
                    </td>
                  ))}
                </tr>
              ))}
              {whole && (
                <tr>
                  <th scope="row">{t('oversight.whole')}</th>
                  {seen.map((it) => (
                    <td key={it} data-number>
                      {it === 'emergencies' ? '' : said(overTime(figures.elsewhere, figures, it))}
                    </td>
                  ))}
                </tr>
              )}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t('oversight.total')}</th>
                {seen.map((it) => (
                  <td key={it} data-number>
                    {said(total(figures, it))}
                  </td>
                ))}
              </tr>
            </tfoot>
          </table>
        </Scroll>
      )}
      <details className={classes.details}>
        <summary>{t('oversight.showTable')}</summary>
        <Scroll label={t('oversight.byTime')}>
          <table className={classes.table} aria-label={t('oversight.byTime')}>
            {head(t('oversight.span'))}
            <tbody>
              {spansOf(figures).map((span, i) => (
                <tr key={span.from}>
                  <th scope="row">{spanWords(span)}</th>
                  {seen.map((it) => (
                    <td key={it} data-number>
                      {said(spanSum(figures, it, i))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </>
  )
}
