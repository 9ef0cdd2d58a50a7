import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { noteQueries, notesIn } from '@/api/notes'
import type { NoteTemplate } from '@/api/noteTypes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import './texts'

/** All versions of one template, the newest first. */
interface Family {
  newest: NoteTemplate
  active?: NoteTemplate
  versions: NoteTemplate[]
}

export function families(templates: NoteTemplate[]): Family[] {
  const found = new Map<string, NoteTemplate[]>()
  for (const it of templates) found.set(it.url, [...(found.get(it.url) ?? []), it])
  return [...found.values()]
    .map((all) => all.toSorted((a, b) => Number(b.version) - Number(a.version)))
    .flatMap((versions) => {
      const [newest] = versions
      return newest ? [{ newest, versions, active: versions.find((it) => it.status === 'active') }] : []
    })
    .toSorted((a, b) => Number(!a.active) - Number(!b.active))
}

export function TemplatesPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data } = useSuspenseQuery(noteQueries(context).templates())
  const [retiring, setRetiring] = useState<NoteTemplate | null>(null)
  const [retired, setRetired] = useState<string | null>(null)
  useTitle(t('notes.templates'))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('notes.templates')}
        lead={t('templates.lead')}
        actions={
          <Button
            renderRoot={(props) => (
              <Link to="/c/$context/note-templates/edit" params={{ context }} {...props} />
            )}
          >
            {t('templates.new')}
          </Button>
        }
      />
      {retired && <Notice kind="good">{t('templates.retired', { title: retired })}</Notice>}
      <Section title={t('templates.list')}>
        <Rows>
          {families(data).map(({ newest, active, versions }) => (
            <Row
              key={newest.url}
              title={
                <Group gap="xs">
                  {(active ?? newest).title}
                  <Chip kind={active ? 'good' : newest.status === 'draft' ? 'warn' : 'plain'}>
                    {t(`templates.status_${active ? 'active' : newest.status}`)}
                  </Chip>
                  <Chip>{t(newest.standard ? 'templates.standard' : 'templates.own')}</Chip>
                </Group>
              }
              text={
                <>
                  {t('templates.version', { version: (active ?? newest).version })}
                  {active && newest.status === 'draft' && (
                    <> · {t('templates.draftWaiting', { version: newest.version })}</>
                  )}
                  {versions.length > 1 && (
                    <details>
                      <summary>{t('templates.versions')}</summary>
                      <ul>
                        {versions.slice(1).map((it) => (
                          <li key={it.template}>
                            {t('templates.version', { version: it.version })} · {it.title} ·{' '}
                            {t(`templates.status_${it.status}`)}
                          </li>
                        ))}
                      </ul>
                    </details>
                  )}
                </>
              }
              action={
                <Group gap="xs">
                  <Button
                    size="sm"
                    variant="default"
                    aria-label={t('templates.editLabel', { title: newest.title })}
                    renderRoot={(props) => (
                      <Link
                        to="/c/$context/note-templates/edit"
                        params={{ context }}
                        search={{ of: newest.template }}
                        {...props}
                      />
                    )}
                  >
                    {t(newest.status === 'draft' ? 'templates.goOn' : 'templates.edit')}
                  </Button>
                  {active && (
                    <Button
                      size="sm"
                      variant="subtle"
                      aria-label={t('templates.retireLabel', { title: active.title })}
                      onClick={() => {
                        setRetired(null)
                        setRetiring(active)
                      }}
                    >
                      {t('templates.retire')}
                    </Button>
                  )}
                </Group>
              }
            />
          ))}
        </Rows>
        {data.length === 0 && <p>{t('templates.none')}</p>}
      </Section>
      {retiring && (
        <Retire
          template={retiring}
          onDone={(done) => {
            if (done) setRetired(retiring.title)
            setRetiring(null)
          }}
        />
      )}
    </Stack>
  )
}

function Retire({ template, onDone }: { template: NoteTemplate; onDone(done: boolean): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const retire = useMutation({
    mutationFn: () => notesIn(context).retireTemplate(template.template),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: noteQueries(context).templates().queryKey })
      onDone(true)
    },
  })
  return (
    <Dialog title={t('templates.retireTitle', { title: template.title })} onClose={() => onDone(false)}>
      <Stack>
        <p>{t('templates.retireText')}</p>
        <ProblemNotice error={retire.error} />
        <Group>
          <Button color="red" loading={retire.isPending} onClick={() => retire.mutate()}>
            {t('templates.retire')}
          </Button>
          <Button variant="default" data-autofocus onClick={() => onDone(false)}>
            {t('common.cancel')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
