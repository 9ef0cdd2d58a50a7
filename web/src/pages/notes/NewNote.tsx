import { TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Unreachable } from '@/api/errors'
import { noteQueries, notesIn } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useChart } from '@/pages/chart/useChart'
import { atMoment } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { lastUsed, rememberUsed } from './lastUsed'
import classes from './NewNote.module.css'

interface Choice {
  key: string
  group: 'pickUnfinished' | 'pickTemplates'
  title: string
  text?: string
  go(): unknown
}

const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Which note is begun, or which unfinished one goes on: a few letters and Enter. */
export function NewNote({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { context, id: patient, zone } = useChart()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const [used, setUsed] = useState<string[]>([])
  const [attempts] = useState(() => new Map<string, string>())
  const { data: templates = [], error, isPending } = useQuery(noteQueries(context).templates())
  const { data: drafts = [] } = useQuery(noteQueries(context).draftsOf(patient))
  useEffect(() => {
    let here = true
    lastUsed(cache, context).then((it) => here && setUsed(it))
    return () => {
      here = false
    }
  }, [cache, context])

  const open = (draft: string) =>
    navigate({ to: '/c/$context/patients/$patient/notes/drafts/$draft', params: { context, patient, draft } })
  const begin = useMutation({
    mutationFn: (template: string) => {
      const key = attempts.get(template) ?? crypto.randomUUID()
      attempts.set(template, key)
      return notesIn(context).begin(patient, { template }, key)
    },
    onSuccess: async (draft) => {
      cache.setQueryData(noteQueries(context).draft(draft.id).queryKey, draft)
      cache.invalidateQueries({ queryKey: noteQueries(context).draftsOf(patient).queryKey })
      rememberUsed(cache, context, draft.template.url)
      await open(draft.id)
    },
  })

  const rank = (url: string) => {
    const found = used.indexOf(url)
    return found < 0 ? used.length : found
  }
  const all: Choice[] = [
    ...drafts
      .filter((it) => it.own)
      .map(
        (it): Choice => ({
          key: it.id,
          group: 'pickUnfinished',
          title: it.title,
          text: t('notes.pickContinue', { when: atMoment(it.saved_at, zone) }),
          go: () => open(it.id),
        }),
      ),
    ...templates
      .filter((it) => it.status === 'active')
      .toSorted((a, b) => rank(a.url) - rank(b.url))
      .map(
        (it): Choice => ({
          key: it.template,
          group: 'pickTemplates',
          title: it.title,
          text: it.url === used[0] ? t('notes.lastUsed') : undefined,
          go: () => begin.mutate(it.template),
        }),
      ),
  ]
  const wanted = plain(typed).split(/\s+/).filter(Boolean)
  const choices = all.filter((it) => wanted.every((word) => plain(it.title).includes(word)))
  // What is unfinished stands first; a new one is what was asked for.
  const first = Math.max(
    0,
    choices.findIndex((it) => it.group === 'pickTemplates'),
  )
  const chosen = Math.min(at === 0 ? first : at - 1, choices.length - 1)

  function hear(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && choices.length > 0) {
      event.preventDefault()
      const next = (chosen + step + choices.length) % choices.length
      setAt(next + 1)
      list.current?.querySelectorAll('[role=option]')[next]?.scrollIntoView({ block: 'nearest' })
    }
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault()
      if (!begin.isPending) choices[chosen]?.go()
    }
  }
  const groups = (['pickUnfinished', 'pickTemplates'] as const).map((group) => ({
    group,
    of: choices.filter((it) => it.group === group),
  }))
  return (
    <Dialog title={t('notes.pick')} onClose={onClose}>
      <TextInput
        role="combobox"
        aria-label={t('notes.pickField')}
        placeholder={t('notes.pickField')}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={choices[chosen] && `${id}-${chosen}`}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        data-autofocus
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={hear}
      />
      <div className={classes.list} role="listbox" id={`${id}-list`} aria-label={t('notes.pick')} ref={list}>
        {groups
          .filter(({ of }) => of.length > 0)
          .map(({ group, of }) => (
            // biome-ignore lint/a11y/useSemanticElements: groups of a listbox are no fieldsets
            <div key={group} role="group" aria-labelledby={`${id}-${group}`}>
              <div className={classes.group} id={`${id}-${group}`} role="presentation">
                {t(`notes.${group}`)}
              </div>
              {of.map((it) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus, and tells which is chosen
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
                <div
                  key={it.key}
                  id={`${id}-${choices.indexOf(it)}`}
                  role="option"
                  aria-selected={choices[chosen] === it}
                  className={classes.choice}
                  onClick={() => {
                    if (!begin.isPending) it.go()
                  }}
                >
                  <span className={classes.title}>{it.title}</span>
                  {it.text && <span className={classes.text}>{it.text}</span>}
                </div>
              ))}
            </div>
          ))}
      </div>
      {isPending && <p className={classes.hint}>{t('notes.loading')}</p>}
      {!isPending && choices.length === 0 && <p className={classes.hint}>{t('notes.pickNone')}</p>}
      <p className={classes.hint}>{t('notes.pickHint')}</p>
      {!(begin.error instanceof Unreachable && error) && <ProblemNotice error={begin.error ?? error} />}
    </Dialog>
  )
}
