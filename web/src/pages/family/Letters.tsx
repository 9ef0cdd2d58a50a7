import { Button, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type RefObject, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { familyIn, familyQueries, type Thread } from '@/api/family'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { useDraft } from '@/session/drafts'
import { atMoment } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Chip } from '@/ui/Chip'
import classes from './Family.module.css'
import { useSeen } from './useSeen'

const LONGEST = 4_000

/** What a relative and the care team write to each other, for the relative. */
export function OwnLetters({ patient, zone }: { patient: string; zone: string }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const query = familyQueries(context).own(patient)
  const { data, error } = useQuery(query)
  const heading = useId()
  // What was new when they came stays marked while they are here.
  const [fresh, setFresh] = useState<ReadonlySet<string>>(() => new Set())
  useEffect(() => {
    if (data?.unread) setFresh((known) => new Set([...known, ...unreadOf(data)]))
  }, [data])
  const last = useRef<HTMLLIElement>(null)
  const letter = data?.unread ? data.letters.at(-1)?.letter : undefined
  useSeen(last, letter, () => {
    if (letter)
      familyIn(context)
        .read(patient, letter)
        .then((thread) => cache.setQueryData(query.queryKey, thread))
        .catch(() => {})
  })
  return (
    <section className={classes.section} aria-labelledby={heading} id="letters">
      <h3 id={heading} className={classes.sectionTitle}>
        {t('family.letters')}
      </h3>
      <Text size="sm" c="dimmed">
        {t('family.lettersLead')} {t('family.lettersUrgent')}
      </Text>
      <ProblemNotice error={error} />
      {!data && !error && <Busy label={t('family.lettersLooking')} />}
      {!error && (
        <div className={classes.card}>
          {data && <Written thread={data} mine="family" zone={zone} fresh={fresh} last={last} />}
          <Write
            label={t('family.write')}
            draft={`${me.organization.slug}/${me.membership}/${patient}/letter`}
            send={(text) => familyIn(context).write(patient, text)}
            onSent={(thread) => cache.setQueryData(query.queryKey, thread)}
          />
        </div>
      )}
    </section>
  )
}

/** The same of every relative, for the care team. */
export function TeamLetters({ patient, zone }: { patient: string; zone: string }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const query = familyQueries(context).threads(patient)
  const { data, error } = useQuery(query)
  const heading = useId()
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <h3 id={heading} className={classes.sectionTitle}>
        {t('family.letters')}
      </h3>
      <ProblemNotice error={error} />
      {!data && !error && <Busy label={t('family.lettersLooking')} />}
      {data?.length === 0 && <p className={classes.nothing}>{t('family.nobody')}</p>}
      {data?.map((thread) => (
        <article key={thread.membership} className={classes.card} aria-label={thread.name}>
          <div className={classes.cardHead}>
            <h4>{thread.name}</h4>
            {thread.waiting > 0 && <Chip kind="warn">{t('family.waits', { count: thread.waiting })}</Chip>}
          </div>
          <Written thread={thread} mine="team" zone={zone} />
          <Write
            label={t('family.answer', { name: thread.name })}
            draft={`${me.organization.slug}/${me.membership}/${patient}/letter ${thread.membership}`}
            send={(text) => familyIn(context).answer(patient, thread.membership, text)}
            onSent={(threads) => cache.setQueryData(query.queryKey, threads)}
          />
        </article>
      ))}
    </section>
  )
}

/** The letters of the care team that were not read, by id. */
function unreadOf({ letters, unread }: Thread): string[] {
  const theirs = letters.filter((it) => it.from === 'team')
  return theirs.slice(Math.max(0, theirs.length - (unread ?? 0))).map((it) => it.letter)
}

interface WrittenProps {
  thread: Thread
  mine: 'family' | 'team'
  zone: string
  /** Those that are new to whoever reads. */
  fresh?: ReadonlySet<string>
  /** Is given the last one. */
  last?: RefObject<HTMLLIElement | null>
}

function Written({ thread, mine, zone, fresh, last }: WrittenProps) {
  const { t } = useTranslation()
  const list = useRef<HTMLOListElement>(null)
  const newest = thread.letters.at(-1)?.letter
  // What was written last is what one comes for.
  useEffect(() => {
    if (newest && list.current) list.current.scrollTop = list.current.scrollHeight
  }, [newest])
  if (thread.letters.length === 0) return <Text c="dimmed">{t('family.lettersNone')}</Text>
  return (
    <>
      {thread.more && (
        <Text size="sm" c="dimmed">
          {t('family.lettersMore')}
        </Text>
      )}
      <ol className={classes.letters} ref={list}>
        {thread.letters.map((it) => (
          <li
            key={it.letter}
            className={classes.letter}
            data-mine={it.from === mine || undefined}
            ref={it.letter === newest ? last : undefined}
          >
            <span className={classes.text}>{it.text}</span>
            <span className={classes.by}>
              {t('family.wrote', {
                who: it.from === 'family' && mine === 'family' ? t('family.you') : it.who,
                time: atMoment(it.at, zone),
              })}{' '}
              {fresh?.has(it.letter) && <Chip kind="good">{t('family.new')}</Chip>}
            </span>
          </li>
        ))}
      </ol>
    </>
  )
}

interface WriteProps<Answer> {
  label: string
  /** The name of what is typed. */
  draft: string
  send(text: string): Promise<Answer>
  onSent(answer: Answer): void
}

/** What was typed stays until it is sent. */
function Write<Answer>({ label, draft, send, onSent }: WriteProps<Answer>) {
  const { t } = useTranslation()
  const { value: text, change, clear } = useDraft<string>(draft, () => '')
  const sending = useMutation({
    mutationFn: () => send(text.trim()),
    onSuccess: (answer) => {
      clear()
      onSent(answer)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() && !sending.isPending) sending.mutate()
  }
  return (
    <form onSubmit={submit} className={classes.write}>
      <Textarea
        label={label}
        rows={3}
        maxLength={LONGEST}
        value={text}
        onChange={(event) => {
          const typed = event.currentTarget.value
          if (typed) change(typed)
          else clear()
        }}
      />
      <ProblemNotice error={sending.error} />
      <div className={classes.cardHead}>
        <Button type="submit" loading={sending.isPending} disabled={!text.trim()}>
          {t('family.send')}
        </Button>
        <span role="status" className={classes.quiet}>
          {sending.isSuccess && !text && t('family.sent')}
        </span>
      </div>
    </form>
  )
}
