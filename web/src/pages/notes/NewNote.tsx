import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Unreachable } from '@/api/errors'
import { noteQueries, notesIn } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useChart } from '@/pages/chart/useChart'
import { finds } from '@/texts/plain'
import { atMoment } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { type Choice as Option, Picker, PickerHint } from '@/ui/Picker'
import { lastUsed, rememberUsed } from './lastUsed'

interface Choice extends Option {
  go(): unknown
}

/** Which note is begun, or which unfinished one goes on: a few letters and Enter. */
export function NewNote({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { context, id: patient, zone } = useChart()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
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
  const fits = finds(typed)
  const choices = all.filter((it) => fits(it.title))
  return (
    <Dialog title={t('notes.pick')} onClose={onClose}>
      <Picker
        title={t('notes.pick')}
        field={t('notes.pickField')}
        typed={typed}
        onType={setTyped}
        choices={choices}
        groups={{ pickUnfinished: t('notes.pickUnfinished'), pickTemplates: t('notes.pickTemplates') }}
        // What is unfinished stands first; a new one is what was asked for.
        first={Math.max(
          0,
          choices.findIndex((it) => it.group === 'pickTemplates'),
        )}
        onPick={(choice) => {
          if (!begin.isPending) choice.go()
        }}
      >
        {isPending && <PickerHint>{t('notes.loading')}</PickerHint>}
        {!isPending && choices.length === 0 && <PickerHint>{t('notes.pickNone')}</PickerHint>}
        <PickerHint>{t('notes.pickHint')}</PickerHint>
      </Picker>
      {!(begin.error instanceof Unreachable && error) && <ProblemNotice error={begin.error ?? error} />}
    </Dialog>
  )
}
