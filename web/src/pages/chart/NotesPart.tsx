import { useTranslation } from 'react-i18next'
import { isFile } from '@/api/documents'
import type { Composition, DocumentReference } from '@/api/fhirTypes'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Notes.module.css'
import { Group, Nothing, Part } from './Part'
import { useChart, useRecords } from './useChart'
import { conceptOf, narrativeWords, plainText } from './words'

export function NotesPart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const compositions = useRecords('Composition', undefined, 100) ?? []
  const documents = (useRecords('DocumentReference', undefined, 100) ?? []).filter((it) => !isFile(it))
  const all = [...compositions, ...documents]
    .filter((it) => it.status !== 'entered-in-error')
    .toSorted((a, b) => Date.parse(b.date ?? '') - Date.parse(a.date ?? ''))
  return (
    <Part title={t('chart.section_notes')}>
      {all.length === 0 ? (
        <Nothing>{t('chart.noNotes')}</Nothing>
      ) : (
        <Group>
          {all.map((it, i) => (
            <li key={it.id} className={classes.note}>
              <details open={i === 0}>
                <summary>
                  <span className={classes.title}>{titleOf(it)}</span>{' '}
                  {it.status === 'preliminary' && <Chip kind="warn">{t('chart.draft')}</Chip>}
                  {it.status === 'amended' && <Chip kind="warn">{t('chart.amended')}</Chip>}
                  <span className={classes.by}>
                    {[it.date && atMoment(it.date, zone), it.author?.[0]?.display]
                      .filter(Boolean)
                      .join(' · ')}
                  </span>
                </summary>
                <Words of={it} />
              </details>
            </li>
          ))}
        </Group>
      )}
    </Part>
  )
}

export const titleOf = (it: Composition | DocumentReference): string =>
  (it.resourceType === 'Composition' ? it.title : it.description) || conceptOf(it.type)

function Words({ of: it }: { of: Composition | DocumentReference }) {
  const { t } = useTranslation()
  if (it.resourceType === 'Composition') {
    const sections = (it.section ?? []).filter((one) => narrativeWords(one.text?.div) !== '')
    if (sections.length === 0) return <p className={classes.words}>{narrativeWords(it.text?.div)}</p>
    return sections.map((one, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: sections have no identity of their own
      <section key={i}>
        {one.title && <h3 className={classes.section}>{one.title}</h3>}
        <p className={classes.words}>{narrativeWords(one.text?.div)}</p>
      </section>
    ))
  }
  const attachment = it.content?.[0]?.attachment
  const text = plainText(attachment?.contentType, attachment?.data)
  return <p className={classes.words}>{text ?? t('chart.notShown')}</p>
}
