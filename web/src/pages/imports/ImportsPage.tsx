import './texts'
import { Button, FileInput, NativeSelect, Radio, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, hasCode } from '@/api/errors'
import { importQueries, importsOf, KINDS, type Kind, type SheetImport } from '@/api/imports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { whenExactly } from '@/texts/when'
import classes from '@/ui/CaseList.module.css'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import own from './Imports.module.css'

/** The largest file that is taken, in bytes. */
const LARGEST = 20 * 1024 * 1024

/** Spreadsheets: sending one, and those that were sent. */
export function ImportsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data: imports } = useSuspenseQuery(importQueries(context).list())
  useTitle(t('imports.title'))
  return (
    <Stack gap="lg">
      <PageHead title={t('imports.title')} lead={t('imports.lead')} />
      <SendForm />
      {imports.length === 0 ? (
        <Text c="dimmed">{t('imports.none')}</Text>
      ) : (
        <ul className={classes.list} aria-label={t('imports.list')}>
          {imports.map((it) => (
            <li key={it.import}>
              <ImportCard it={it} />
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}

function SendForm() {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const chosen = useChosenFacility()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const [kind, setKind] = useState<Kind>('patients')
  const [facility, setFacility] = useState(chosen.code || (me.facilities[0]?.code ?? ''))
  const [file, setFile] = useState<File | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const send = useMutation({
    mutationFn: (sheet: File) => importsOf(context).send(sheet, kind, facility),
    onSuccess: async (id) => {
      await cache.invalidateQueries({ queryKey: importQueries(context).key })
      await navigate({ to: '/c/$context/imports/$import', params: { context, import: id } })
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!file) return setFault(t('imports.chooseFirst'))
    if (file.size > LARGEST) return setFault(t('imports.tooLarge'))
    send.mutate(file)
  }
  const told =
    send.error instanceof ApiError && send.error.status === 413
      ? t('imports.tooLarge')
      : hasCode(send.error, 'sheet-unreadable')
        ? t('imports.unreadable', { why: send.error.detail })
        : null
  return (
    <Section title={t('imports.send')}>
      <form onSubmit={submit} className={own.form}>
        <Stack gap="md">
          {me.facilities.length > 1 && (
            <NativeSelect
              label={t('imports.facility')}
              value={facility}
              onChange={(event) => setFacility(event.currentTarget.value)}
              data={me.facilities.map((it) => ({ value: it.code, label: it.name }))}
            />
          )}
          <Radio.Group
            label={t('imports.kind')}
            description={t('imports.kindMore')}
            value={kind}
            onChange={(value) => setKind(value as Kind)}
          >
            <Stack gap="xs" mt="xs">
              {KINDS.map((it) => (
                <Radio key={it} value={it} label={t(`imports.kind_${it}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <FileInput
            label={t('imports.file')}
            description={t('imports.fileMore')}
            placeholder={t('imports.choose')}
            accept=".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            value={file}
            error={fault}
            onChange={(next) => {
              setFile(next)
              setFault(null)
              send.reset()
            }}
          />
          {told ? <Notice kind="bad">{told}</Notice> : <ProblemNotice error={send.error} />}
          <div>
            <Button type="submit" loading={send.isPending}>
              {t('imports.begin')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}

const CHIPS = {
  sent: 'plain',
  checking: 'warn',
  checked: 'warn',
  running: 'warn',
  done: 'good',
  undoing: 'warn',
  undone: 'plain',
  failed: 'bad',
} as const

export function StateChip({ state }: { state: SheetImport['state'] }) {
  const { t } = useTranslation()
  return <Chip kind={CHIPS[state]}>{t(`imports.state_${state}`)}</Chip>
}

function ImportCard({ it }: { it: SheetImport }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const heading = useId()
  const when = whenExactly(it.sent_at)
  const kind = t(`imports.kind_${it.kind}`)
  return (
    <article className={classes.card} aria-labelledby={heading}>
      <div className={classes.head}>
        <Title order={2} id={heading} className={classes.name}>
          {kind}
        </Title>
        <div className={classes.chips}>
          <StateChip state={it.state} />
        </div>
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>{t('imports.sent')}</dt>
          <dd>
            <time dateTime={it.sent_at}>{when}</time>
          </dd>
        </div>
        <div>
          <dt>{t('imports.house')}</dt>
          <dd>{it.facility}</dd>
        </div>
        {it.by && (
          <div>
            <dt>{t('imports.by')}</dt>
            <dd>{it.by}</dd>
          </div>
        )}
        {it.kept_until && (
          <div>
            <dt>{t(it.state === 'done' ? 'imports.keptUntil' : 'imports.fileUntil')}</dt>
            <dd>
              <time dateTime={it.kept_until}>{whenExactly(it.kept_until)}</time>
            </dd>
          </div>
        )}
      </dl>
      <div className={classes.buttons}>
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link
              to="/c/$context/imports/$import"
              params={{ context, import: it.import }}
              aria-label={t('imports.openLabel', { kind, when })}
              {...props}
            />
          )}
        >
          {t('imports.open')}
        </Button>
      </div>
    </article>
  )
}
