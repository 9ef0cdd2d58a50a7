import { Button, Textarea, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { ApiError, hasCode } from '@/api/errors'
import { noteQueries, notesIn } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useChart } from '@/pages/chart/useChart'
import { Notice } from '@/ui/Notice'
import classes from './Editor.module.css'
import { itemOf } from './form'
import type { Keeper, State } from './Keeper'
import { News } from './News'
import { StatusLine } from './StatusLine'
import { Summary } from './Summary'

interface Props {
  keeper: Keeper
  state: State
  zone: string
  onBack(linkId: string | undefined, missing: string[]): void
}

class NotSaved extends Error {}

/** The note as it will be signed, what is still needed, and the signature. */
export function Review({ keeper, state, zone, onBack }: Props) {
  const { t } = useTranslation()
  const { context, id: patient } = useChart()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { draft } = state
  const { questionnaire } = draft.template
  const [saved, setSaved] = useState(false)
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const sign = useRef<HTMLButtonElement>(null)
  const why = useRef<HTMLTextAreaElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const problem = useRef<HTMLDivElement>(null)
  const corrects = draft.corrects !== null

  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
    keeper.flush().then(setSaved, () => setSaved(false))
  }, [keeper])
  // Saved later, after a lost connection say, it is read then.
  useEffect(() => {
    if (state.status === 'saved') setSaved(true)
  }, [state.status])

  const summary = useQuery({
    ...noteQueries(context).summary(draft.id, draft.version),
    enabled: saved && state.status === 'saved',
  })
  const missing = summary.data?.missing ?? []
  const clashes = Object.keys(state.clashes)
  const ready = summary.isSuccess && missing.length === 0 && clashes.length === 0
  useEffect(() => {
    if (!ready) return
    if (corrects) why.current?.focus({ preventScroll: true })
    else sign.current?.focus({ preventScroll: true })
  }, [ready, corrects])

  const signing = useMutation({
    mutationFn: async () => {
      if (!(await keeper.flush())) throw new NotSaved()
      return notesIn(context).sign(draft.id, keeper.get().draft.version, corrects ? reason.trim() : undefined)
    },
    onSuccess: async ({ composition }) => {
      await keeper.close()
      // Not even for a moment is it among the unfinished.
      cache.removeQueries({ queryKey: noteQueries(context).ownDrafts().queryKey })
      await Promise.all([
        refreshPatient(cache, context, patient),
        draft.corrects &&
          cache.invalidateQueries({ queryKey: noteQueries(context).note(draft.corrects).queryKey }),
      ])
      await navigate({
        to: '/c/$context/patients/$patient/notes/$note',
        params: { context, patient, note: composition },
        search: { said: 'signed' },
        replace: true,
      })
    },
    onError: async (error) => {
      // Read it again: what was reviewed is not what would be signed.
      if (error instanceof ApiError && (error.status === 412 || error.status === 410)) await keeper.refresh()
      if (hasCode(error, 'note-incomplete')) await summary.refetch()
    },
  })
  useEffect(() => {
    if (signing.error) problem.current?.scrollIntoView({ block: 'nearest' })
  }, [signing.error])
  function go() {
    setTried(true)
    if (corrects && reason.trim() === '') return why.current?.focus()
    if (ready && !signing.isPending) signing.mutate()
  }
  const stale = signing.error instanceof ApiError && signing.error.status === 412
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <Title order={2} ref={heading} tabIndex={-1}>
          {draft.template.title}
        </Title>
        <p className={classes.lead}>{t('notes.reviewTitle')}</p>
      </div>
      <News state={state} keeper={keeper} zone={zone} context={context} patient={patient} />
      {missing.length > 0 && (
        <Notice kind="warn">
          <strong>{t('notes.missing')}</strong>
          <ul className={classes.missing}>
            {missing.map((linkId) => (
              <li key={linkId}>
                <button type="button" onClick={() => onBack(linkId, missing)}>
                  {itemOf(questionnaire, linkId)?.text ?? linkId}
                </button>
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {clashes.length > 0 && (
        <Notice kind="warn">
          <div className={classes.missing}>
            <button type="button" onClick={() => onBack(clashes[0], missing)}>
              {t('notes.clashesFirst')}
            </button>
          </div>
        </Notice>
      )}
      <div className={classes.card}>
        {summary.data ? (
          <Summary sections={summary.data.sections} empty={t('notes.nothingYet')} />
        ) : (
          <p className={classes.lead}>
            {summary.isError ? <ProblemNotice error={summary.error} /> : t('notes.loading')}
          </p>
        )}
      </div>
      {corrects && (
        <Textarea
          ref={why}
          className={classes.reason}
          size="md"
          rows={2}
          label={t('notes.reason')}
          description={t('notes.reasonHint')}
          maxLength={500}
          autoComplete="off"
          value={reason}
          error={tried && reason.trim() === '' && t('notes.reasonNeeded')}
          onChange={(event) => setReason(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault()
              go()
            }
          }}
        />
      )}
      <div ref={problem} className={classes.problem}>
        {signing.error instanceof NotSaved ? (
          <Notice kind="bad">{t('notes.notSavedYet')}</Notice>
        ) : stale ? (
          <Notice kind="bad">{t('notes.changedMeanwhile')}</Notice>
        ) : hasCode(signing.error, 'note-incomplete') ? (
          <Notice kind="bad">{t('notes.incomplete')}</Notice>
        ) : (
          <ProblemNotice error={signing.error} />
        )}
      </div>
      <div className={classes.bar}>
        <StatusLine state={state} zone={zone} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={() => onBack(undefined, missing)}>
            {t('notes.toEditing')}
          </Button>
          <Button ref={sign} disabled={!ready} loading={signing.isPending} onClick={go}>
            {t(corrects ? 'notes.signCorrection' : 'notes.sign')}
          </Button>
        </div>
      </div>
    </div>
  )
}
