import { Button, Group, Stack, Title } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { ApiError } from '@/api/errors'
import { http } from '@/api/http'
import { noteQueries, notesIn } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useChart } from '@/pages/chart/useChart'
import { nameOf, recordNumber } from '@/pages/chart/words'
import { atMoment, onDay } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { AddAddendum } from './AddAddendum'
import { LateWords } from './LateWords'
import { savePdf } from './pdf'
import classes from './Signed.module.css'
import { Summary } from './Summary'

const ROUTE = '/signed-in/c/$context/charts/patients/$patient/notes/$note'

export function SignedNotePage() {
  const { note } = useParams({ from: ROUTE })
  return <SignedNote key={note} id={note} />
}

function SignedNote({ id }: { id: string }) {
  const { t } = useTranslation()
  const { context, id: patient, zone, may, patient: person, me } = useChart()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { said, draft } = useSearch({ from: ROUTE })
  const { data: note } = useSuspenseQuery(noteQueries(context).note(id))
  const [writing, setWriting] = useState(false)
  const [correcting, setCorrecting] = useState(false)
  const [attempt] = useState(() => crypto.randomUUID())
  const heading = useRef<HTMLHeadingElement>(null)
  useTitle(t('notes.documentTitle'))
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  const notes = notesIn(context)
  const refresh = () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: noteQueries(context).note(id).queryKey }),
      refreshPatient(cache, context, patient),
    ])
  const coSign = useMutation({ mutationFn: () => notes.coSign(id), onSuccess: refresh })
  const pdf = useMutation({ mutationFn: () => savePdf(context, id) })
  const correct = useMutation({
    mutationFn: () => notes.begin(patient, { corrects: id }, attempt),
    onSuccess: async (made) => {
      cache.setQueryData(noteQueries(context).draft(made.id).queryKey, made)
      await navigate({
        to: '/c/$context/patients/$patient/notes/drafts/$draft',
        params: { context, patient, draft: made.id },
      })
    },
  })
  const writes = may('notes.write')
  const old = note.replaced_by !== null
  const to = (one: string) => ({ context, patient, note: one })
  const number = recordNumber(person.identifier)
  return (
    <article className={classes.page} data-print>
      <p className={classes.printHead}>
        {[
          nameOf(person.name),
          person.birthDate && t('chart.born', { day: onDay(person.birthDate, zone) }),
          number && t('chart.number', { number }),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <div className={classes.head}>
        <div>
          <Title order={2} ref={heading} tabIndex={-1}>
            {note.title}
          </Title>
          <p className={classes.by}>
            {t('notes.signedAt', { when: atMoment(note.signed.at, zone), by: note.signed.by })}
          </p>
          {note.co_signed.map((it) => (
            <p key={`${it.at} ${it.by}`} className={classes.by}>
              {t('notes.coSignedAt', { when: atMoment(it.at, zone), by: it.by })}
            </p>
          ))}
        </div>
        <div className={classes.chips}>
          {note.replaces && <Chip kind="warn">{t('notes.correction')}</Chip>}
          {note.needs_co_sign && <Chip kind="warn">{t('notes.needsCoSign')}</Chip>}
        </div>
      </div>
      {said === 'signed' && <Notice kind="good">{t('notes.justSigned')}</Notice>}
      {draft && <LateWords draft={draft} note={id} />}
      {!note.intact && <Notice kind="bad">{t('notes.notIntact')}</Notice>}
      {note.replaced_by && (
        <Notice kind="warn">
          {t('notes.replacedBy')}{' '}
          <Link to="/c/$context/patients/$patient/notes/$note" params={to(note.replaced_by)}>
            {t('notes.replacedByOpen')}
          </Link>
        </Notice>
      )}
      {note.replaces && (
        <Notice kind="info">
          {t('notes.replaces')}{' '}
          <Link to="/c/$context/patients/$patient/notes/$note" params={to(note.replaces)}>
            {t('notes.replacesOpen')}
          </Link>
        </Notice>
      )}
      <div className={classes.card} data-old={old || undefined}>
        {old && <p className={classes.oldHead}>{t('notes.oldText')}</p>}
        <Summary sections={note.sections} />
      </div>
      {note.addenda.length > 0 && (
        <section className={classes.card} aria-labelledby="title-addenda">
          <h3 id="title-addenda">{t('notes.addenda')}</h3>
          {note.addenda.map((it) => (
            <div key={it.composition} className={classes.addendum}>
              <p className={classes.words}>{it.text}</p>
              <p className={classes.by}>{t('notes.signedAt', { when: atMoment(it.at, zone), by: it.by })}</p>
            </div>
          ))}
        </section>
      )}
      {note.intact && (
        <p className={classes.by}>
          {t('notes.intact')} ·{' '}
          <span className={classes.hash}>
            {t('notes.intactFingerprint', { hash: note.hash.slice(0, 16) })}
          </span>
        </p>
      )}
      <p className={classes.printFoot}>
        {t('notes.printedBy', {
          when: atMoment(new Date(http.now()).toISOString(), zone),
          name: me.person.name,
        })}
      </p>
      {writing && (
        <AddAddendum
          note={id}
          onDone={async (added) => {
            setWriting(false)
            if (added) await refresh()
          }}
        />
      )}
      <ProblemNotice
        error={coSign.error}
        instead={{ 'own-note': t('notes.ownNote'), 'already-signed': t('notes.alreadySigned') }}
      />
      {pdf.error && (
        <Notice kind="bad">
          {pdf.error instanceof ApiError && pdf.error.status === 404
            ? t('notes.pdfNot')
            : t('problems.unknown')}
        </Notice>
      )}
      {!writing && (
        <Group gap="xs" data-noprint>
          {note.needs_co_sign && may('notes.co-sign') && (
            <Button loading={coSign.isPending} onClick={() => coSign.mutate()}>
              {t('notes.coSign')}
            </Button>
          )}
          {writes && (
            <Button variant={note.needs_co_sign ? 'default' : 'filled'} onClick={() => setWriting(true)}>
              {t('notes.addAddendum')}
            </Button>
          )}
          {writes && !old && (
            <Button variant="default" onClick={() => setCorrecting(true)}>
              {t('notes.correct')}
            </Button>
          )}
          <Button variant="default" onClick={() => window.print()}>
            {t('notes.print')}
          </Button>
          <Button variant="default" loading={pdf.isPending} onClick={() => pdf.mutate()}>
            {t('notes.pdf')}
          </Button>
          <Button
            variant="subtle"
            renderRoot={(props) => (
              <Link
                to="/c/$context/patients/$patient/$section"
                params={{ context, patient, section: 'notes' }}
                {...props}
              />
            )}
          >
            {t('notes.toNotes')}
          </Button>
        </Group>
      )}
      {correcting && (
        <Dialog title={t('notes.correctTitle')} onClose={() => setCorrecting(false)}>
          <Stack>
            <p>{t('notes.correctText')}</p>
            <ProblemNotice error={correct.error} />
            <Group>
              <Button data-autofocus loading={correct.isPending} onClick={() => correct.mutate()}>
                {t('notes.correctGo')}
              </Button>
              <Button variant="default" onClick={() => setCorrecting(false)}>
                {t('common.cancel')}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </article>
  )
}
