import { Anchor, Button, Checkbox, NativeSelect, SegmentedControl, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { noteQueries, notesIn } from '@/api/notes'
import type { Answer, Answers, Coding, NoteTemplate, Questionnaire } from '@/api/noteTypes'
import { NotFoundPage } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { zoneOf } from '@/pages/chart/useChart'
import { useMe } from '@/pages/context/useContextId'
import { withAnswer } from '@/pages/notes/answers'
import { CO_SIGN, extensionOf, STEP_UP } from '@/pages/notes/form'
import { NoteForm } from '@/pages/notes/NoteForm'
import { BackIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './Builder.module.css'
import { faultsIn } from './faults'
import { KINDS } from './kinds'
import { Structure } from './Structure'
import { addTo, named, newSection, newTemplate, withExtensions } from './shape'
import { families } from './TemplatesPage'
import { useKept } from './useKept'
import './texts'

export function BuilderPage() {
  const { context } = useMe()
  const { of } = useSearch({ from: '/signed-in/c/$context/templates/note-templates/edit' })
  const { data } = useSuspenseQuery(noteQueries(context).templates())
  const template = of === undefined ? undefined : data.find((it) => it.template === of)
  if (of !== undefined && !template) return <NotFoundPage />
  return <Builder key={of ?? 'new'} of={template} all={data} />
}

function Builder({ of, all }: { of?: NoteTemplate; all: NoteTemplate[] }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const base = of?.template ?? 'new'
  const memory = `${me.organization.slug}/${me.membership}/template ${base}`
  const kept = useKept<Questionnaire>(
    context,
    memory,
    base,
    () => of?.questionnaire ?? newTemplate(KINDS[0] as Coding),
  )
  const { value, change } = kept
  const [view, setView] = useState('build')
  const [open, setOpen] = useState<string | null>(null)
  const [tried, setTried] = useState<Answers>({})
  const newest = families(all).find((it) => it.newest.url === of?.url)?.newest
  useTitle(t('notes.templates'))

  const save = useMutation({
    mutationFn: ({ status, made }: { status: 'draft' | 'active'; made: Questionnaire }) =>
      notesIn(context).makeTemplate({ ...made, status }, status, of?.template ?? null),
    onSuccess: async () => {
      await kept.clear()
      await cache.invalidateQueries({ queryKey: noteQueries(context).templates().queryKey })
      await navigate({ to: '/c/$context/note-templates', params: { context } })
    },
    onError: (error) => setOpen(faultsIn(error).find((it) => it.linkId)?.linkId ?? open),
  })
  const faults = faultsIn(save.error)
  const general = faults.filter((it) => !it.linkId)
  const words = (it: (typeof faults)[number]) => (it.key ? t(`templates.${it.key}`) : it.rule)
  function send(status: 'draft' | 'active') {
    const made = named(value)
    change(made)
    save.mutate({ status, made })
  }
  const flag = (url: string) => extensionOf(value, url)?.valueBoolean === true
  const setFlag = (url: string, on: boolean) =>
    change((it) => withExtensions(it, url, on ? [{ url, valueBoolean: true }] : []))
  const kind = value.code?.[0]
  const kinds = KINDS.some((it) => it.code === kind?.code) || !kind ? KINDS : [kind, ...KINDS]
  return (
    <div className={classes.page} data-wide>
      <PageHead
        back={
          <Anchor
            renderRoot={(props) => <Link to="/c/$context/note-templates" params={{ context }} {...props} />}
          >
            <BackIcon size={14} /> {t('templates.backToList')}
          </Anchor>
        }
        title={of ? t('templates.editTitle', { title: of.title }) : t('templates.newTitle')}
        lead={of && t('templates.editLead', { version: Number(newest?.version ?? of.version) + 1 })}
      />
      {kept.recovered && (
        <Notice kind="info">
          {t('templates.recovered')}{' '}
          <Button size="compact-sm" variant="default" onClick={() => kept.clear()}>
            {t('templates.startOver')}
          </Button>
        </Notice>
      )}
      <div className={classes.switch}>
        <SegmentedControl
          fullWidth
          value={view}
          onChange={setView}
          data={[
            { value: 'build', label: t('templates.build') },
            { value: 'preview', label: t('templates.preview') },
          ]}
        />
      </div>
      <div className={classes.columns} data-view={view}>
        <div className={classes.structure}>
          <section className={classes.section} aria-label={t('templates.about')}>
            <div className={classes.about}>
              <div className={classes.pair}>
                <TextInput
                  label={t('templates.name')}
                  value={value.title ?? ''}
                  maxLength={200}
                  error={general.some((it) => it.key === 'fault_title') && t('templates.fault_title')}
                  onChange={(event) => {
                    const title = event.currentTarget.value
                    change((it) => ({ ...it, title }))
                  }}
                />
                <NativeSelect
                  size="md"
                  label={t('templates.kind')}
                  description={t('templates.kindHint')}
                  inputWrapperOrder={['label', 'input', 'description', 'error']}
                  value={kind?.code ?? ''}
                  data={kinds.map((it) => ({ value: it.code ?? '', label: it.display ?? it.code ?? '' }))}
                  onChange={(event) => {
                    const code = kinds.find((it) => it.code === event.currentTarget.value)
                    if (code) change((it) => ({ ...it, code: [code] }))
                  }}
                />
              </div>
              <Checkbox
                label={t('templates.stepUp')}
                checked={flag(STEP_UP)}
                onChange={(event) => setFlag(STEP_UP, event.currentTarget.checked)}
              />
              <Checkbox
                label={t('templates.coSign')}
                checked={flag(CO_SIGN)}
                onChange={(event) => setFlag(CO_SIGN, event.currentTarget.checked)}
              />
            </div>
          </section>
          <Structure
            value={value}
            open={open}
            faults={faults.map((it) => ({ linkId: it.linkId, words: words(it) }))}
            onOpen={setOpen}
            onChange={change}
          />
          <Button
            variant="default"
            onClick={() => {
              const made = newSection()
              change((it) => addTo(it, null, made))
            }}
          >
            {t('templates.addSection')}
          </Button>
        </div>
        <section className={classes.preview} aria-label={t('templates.preview')}>
          <h2>{value.title || t('templates.untitled')}</h2>
          <p className={classes.quiet}>{t('templates.previewLead')}</p>
          <NoteForm
            questionnaire={value}
            answers={tried}
            last={null}
            zone={zoneOf(me)}
            onChange={(linkId: string, given: Answer[]) =>
              setTried((before) => withAnswer(before, linkId, given))
            }
          />
        </section>
      </div>
      {faults.length > 0 && (
        <Notice kind="bad">
          {t('templates.faults')}
          {general.length > 0 && (
            <>
              {' '}
              {t('templates.faultsGeneral')} {general.map(words).join(' ')}
            </>
          )}
        </Notice>
      )}
      {hasCode(save.error, 'template-changed') ? (
        <Notice kind="bad">
          {t('templates.changed')}{' '}
          <Link to="/c/$context/note-templates" params={{ context }}>
            {t('templates.changedOpen')}
          </Link>
        </Notice>
      ) : (
        faults.length === 0 && <ProblemNotice error={save.error} />
      )}
      <div className={classes.bar}>
        <Button
          variant="default"
          loading={save.isPending && save.variables.status === 'draft'}
          disabled={save.isPending}
          onClick={() => send('draft')}
        >
          {t('templates.saveDraft')}
        </Button>
        <Button
          loading={save.isPending && save.variables.status === 'active'}
          disabled={save.isPending}
          onClick={() => send('active')}
        >
          {t('templates.publish')}
        </Button>
      </div>
    </div>
  )
}
