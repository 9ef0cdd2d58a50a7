import { Button, Group, Menu, Title } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { noteQueries } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useChart } from '@/pages/chart/useChart'
import { atMoment } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { DotsIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import classes from './Editor.module.css'
import { anchorOf } from './fields/Field'
import { News } from './News'
import { NoteForm } from './NoteForm'
import { Review } from './Review'
import { SnapshotPanel } from './SnapshotPanel'
import { StatusLine } from './StatusLine'
import { useKeeper } from './useKeeper'

const ROUTE = '/signed-in/c/$context/charts/patients/$patient/notes/drafts/$draft'

/** One note being written: fields made from its template, opened with last time's values; then its review. */
export function EditorPage() {
  const { draft } = useParams({ from: ROUTE })
  return <Editor key={draft} id={draft} />
}

function Editor({ id }: { id: string }) {
  const { t } = useTranslation()
  const { context, id: patient, zone, draftKey } = useChart()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { review = false } = useSearch({ from: ROUTE })
  const { data: read } = useSuspenseQuery(noteQueries(context).draft(id))
  const { keeper, state } = useKeeper(context, draftKey(`note ${id}`), read)
  const { draft, answers, clashes, faults, ended } = state
  const { template, last } = draft
  const [missing, setMissing] = useState<string[]>([])
  const [discarding, setDiscarding] = useState(false)
  const form = useRef<HTMLDivElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const target = useRef<string | null>(null)
  useTitle(t('notes.documentTitle'))

  const page = (reviewing: boolean, replace = false) =>
    navigate({
      to: '/c/$context/patients/$patient/notes/drafts/$draft',
      params: { context, patient, draft: id },
      search: reviewing ? { review: true } : {},
      replace,
    })
  function toField(linkId: string) {
    const field = document.getElementById(anchorOf(linkId))
    field?.scrollIntoView({ block: 'center' })
    field
      ?.querySelector<HTMLElement>('input:checked, input, textarea, select')
      ?.focus({ preventScroll: true })
  }
  const arrive = useEffectEvent(() => {
    if (review) return
    const linkId = target.current
    target.current = null
    if (linkId) toField(linkId)
    else heading.current?.focus({ preventScroll: true })
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time it comes to writing or reviewing
  useEffect(() => {
    arrive()
    if (!target.current) window.scrollTo(0, 0)
  }, [review])

  function goReview() {
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid=true], [data-clash] button')
    if (wrong) {
      wrong.scrollIntoView({ block: 'center' })
      wrong.focus({ preventScroll: true })
      return
    }
    keeper.flush().catch(() => undefined)
    page(true)
  }
  const hear = useEffectEvent((event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    if (event.key.toLowerCase() === 's') {
      event.preventDefault()
      keeper.flush().catch(() => undefined)
    }
    if (event.key === 'Enter' && !review && !ended && !discarding) {
      event.preventDefault()
      goReview()
    }
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => hear(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])

  async function toNotes() {
    cache.removeQueries({ queryKey: noteQueries(context).ownDrafts().queryKey })
    await navigate({
      to: '/c/$context/patients/$patient/$section',
      params: { context, patient, section: 'notes' },
    })
  }
  const discard = useMutation({ mutationFn: () => keeper.discard(), onSuccess: toNotes })

  if (review && !ended)
    return (
      <Review
        keeper={keeper}
        state={state}
        zone={zone}
        onBack={(linkId, needed) => {
          target.current = linkId ?? null
          setMissing(needed)
          page(false)
        }}
      />
    )
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <Title order={2} ref={heading} tabIndex={-1}>
          {template.title}
        </Title>
        <p className={classes.lead}>
          {last && !draft.corrects
            ? t('notes.opened', { when: atMoment(last.at, zone), by: last.by })
            : !draft.corrects && t('notes.openedFirst')}{' '}
          {!draft.own &&
            t('notes.startedBy', { name: draft.author.name, when: atMoment(draft.started_at, zone) })}
        </p>
      </div>
      {draft.corrects && <Notice kind="warn">{t('notes.correcting')}</Notice>}
      <News state={state} keeper={keeper} zone={zone} context={context} patient={patient} />
      <div ref={form}>
        <NoteForm
          questionnaire={template.questionnaire}
          answers={answers}
          last={draft.corrects ? null : last}
          zone={zone}
          clashes={clashes}
          clashBy={state.joined?.by ?? draft.saved_by.name}
          refused={faults}
          missing={missing}
          disabled={ended !== null}
          onChange={keeper.change}
          onChoose={keeper.choose}
        />
      </div>
      <SnapshotPanel
        snapshots={draft.snapshots}
        zone={zone}
        disabled={ended !== null}
        onTake={(asked) => keeper.snapshots(asked)}
      />
      {!ended && (
        <div className={classes.bar}>
          <StatusLine state={state} zone={zone} />
          <div className={classes.buttons}>
            <Menu position="top-end">
              <Menu.Target>
                <Button variant="default" aria-label={t('notes.more')} px="sm">
                  <DotsIcon />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={toNotes}>{t('notes.toNotes')}</Menu.Item>
                <Menu.Item onClick={() => setDiscarding(true)}>{t('notes.discard')}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
            <Button onClick={goReview}>
              {t('notes.review')}
              <kbd className={classes.keys}>{t('notes.reviewKeys')}</kbd>
            </Button>
          </div>
        </div>
      )}
      {discarding && (
        <Dialog title={t('notes.discardTitle')} onClose={() => setDiscarding(false)}>
          <p>{t('notes.discardText')}</p>
          <ProblemNotice error={discard.error} />
          <Group mt="md">
            <Button color="red" loading={discard.isPending} onClick={() => discard.mutate()}>
              {t('notes.discard')}
            </Button>
            <Button variant="default" data-autofocus onClick={() => setDiscarding(false)}>
              {t('notes.keep')}
            </Button>
          </Group>
        </Dialog>
      )}
    </div>
  )
}
