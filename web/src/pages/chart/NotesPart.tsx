import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, startTransition, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isFile } from '@/api/documents'
import type { Composition, DocumentReference } from '@/api/fhirTypes'
import { noteQueries } from '@/api/notes'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Notes.module.css'
import { Entry, Group, Nothing, Part } from './Part'
import { useChart, useRecords } from './useChart'
import { conceptOf, narrativeWords, plainText } from './words'

const NewNote = lazy(() => import('@/pages/notes/NewNote').then((it) => ({ default: it.NewNote })))

/** Notes of ours carry an identifier of this system: they have a page of their own. */
const NOTE = 'https://lamplight.health/fhir/note'

type Paper = Composition | DocumentReference

export function NotesPart() {
  const { t } = useTranslation()
  const { zone, may } = useChart()
  const compositions = useRecords('Composition', undefined, 100) ?? []
  const documents = (useRecords('DocumentReference', undefined, 100) ?? []).filter((it) => !isFile(it))
  const all: Paper[] = [...compositions, ...documents]
    .filter((it) => it.status !== 'entered-in-error')
    .toSorted((a, b) => Date.parse(b.date ?? '') - Date.parse(a.date ?? ''))
  const related = relationsOf(compositions)
  const shown = all.filter((it) => !related.addendumTo.has(it.id))
  const writes = may('notes.write')
  return (
    <Part title={t('chart.section_notes')} actions={writes && <NewNoteButton />}>
      {writes && <Drafts />}
      {shown.length === 0 ? (
        <Nothing>{t('chart.noNotes')}</Nothing>
      ) : (
        <Group title={writes ? t('notes.signedNotes') : undefined}>
          {shown.map((it, i) => (
            <li key={it.id} className={classes.note}>
              <details open={i === 0}>
                <summary>
                  <span className={classes.title}>{titleOf(it)}</span>{' '}
                  {it.status === 'preliminary' && <Chip kind="warn">{t('chart.draft')}</Chip>}
                  {related.replaced.has(it.id) ? (
                    <Chip kind="warn">{t('notes.replaced')}</Chip>
                  ) : (
                    it.status === 'amended' && <Chip kind="warn">{t('chart.amended')}</Chip>
                  )}
                  {related.corrections.has(it.id) && <Chip>{t('notes.correction')}</Chip>}
                  <span className={classes.by}>{byLine(it, zone)}</span>
                </summary>
                <Words of={it} />
                {related.addendaOf(it.id).map((one) => (
                  <div key={one.id} className={classes.addendum}>
                    <h3 className={classes.section}>{t('notes.addendumBy', { who: byLine(one, zone) })}</h3>
                    <Words of={one} />
                  </div>
                ))}
                {isOurs(it) && <OpenNote note={it} />}
              </details>
            </li>
          ))}
        </Group>
      )}
    </Part>
  )
}

/** Opens the choice of templates. */
export function NewNoteButton({ variant }: { variant?: string }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button variant={variant} onClick={() => startTransition(() => setOpen(true))}>
        {t('notes.new')}
      </Button>
      {open && (
        <Suspense>
          <NewNote onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

/** What is being written about the patient, by whomever. */
function Drafts() {
  const { t } = useTranslation()
  const { context, id, zone } = useChart()
  const { data: drafts = [] } = useQuery(noteQueries(context).draftsOf(id))
  if (drafts.length === 0) return null
  const sorted = drafts.toSorted(
    (a, b) => Number(b.own) - Number(a.own) || Date.parse(b.saved_at) - Date.parse(a.saved_at),
  )
  return (
    <Group title={t('notes.drafts')}>
      {sorted.map((it) => {
        const when = atMoment(it.saved_at, zone)
        const other = it.saved_by.membership !== it.author.membership
        return (
          <Entry
            key={it.id}
            title={it.title}
            chips={it.own ? <Chip kind="good">{t('notes.yours')}</Chip> : <Chip>{t('chart.draft')}</Chip>}
            lines={[
              other
                ? t('notes.draftSavedBy', { name: it.author.name, when, saved: it.saved_by.name })
                : t('notes.draftBy', { name: it.author.name, when }),
            ]}
            action={
              <Button
                size="sm"
                variant="default"
                aria-label={t('notes.continueLabel', { title: it.title, name: it.author.name })}
                renderRoot={(props) => (
                  <Link
                    to="/c/$context/patients/$patient/notes/drafts/$draft"
                    params={{ context, patient: id, draft: it.id }}
                    {...props}
                  />
                )}
              >
                {t('notes.continue')}
              </Button>
            }
          />
        )
      })}
    </Group>
  )
}

function OpenNote({ note }: { note: Paper }) {
  const { t } = useTranslation()
  const { context, id, zone } = useChart()
  const when = note.date ? atMoment(note.date, zone) : ''
  return (
    <p className={classes.open}>
      <Link
        to="/c/$context/patients/$patient/notes/$note"
        params={{ context, patient: id, note: note.id }}
        aria-label={t('notes.openLabel', { title: titleOf(note), when })}
      >
        {t('notes.open')}
      </Link>
    </p>
  )
}

/** Which notes append to, or take the place of, which. */
function relationsOf(all: Composition[]) {
  const there = new Set(all.map((it) => it.id))
  const addendumTo = new Map<string, string>()
  const replaced = new Set<string>()
  const corrections = new Set<string>()
  for (const it of all)
    for (const { code, targetReference } of it.relatesTo ?? []) {
      const target = targetReference?.reference?.split('/').at(-1)
      if (!target) continue
      if (code === 'appends' && there.has(target)) addendumTo.set(it.id, target)
      if (code === 'replaces') {
        replaced.add(target)
        corrections.add(it.id)
      }
    }
  return {
    addendumTo,
    replaced,
    corrections,
    addendaOf: (id: string) => all.filter((it) => addendumTo.get(it.id) === id).toReversed(),
  }
}

const isOurs = (it: Paper) => it.resourceType === 'Composition' && it.identifier?.system === NOTE

const byLine = (it: Paper, zone: string) =>
  [it.date && atMoment(it.date, zone), it.author?.[0]?.display].filter(Boolean).join(' · ')

export const titleOf = (it: Paper): string =>
  (it.resourceType === 'Composition' ? it.title : it.description) || conceptOf(it.type)

function Words({ of: it }: { of: Paper }) {
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
