import { Button, Progress, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/errors'
import { type Export, type ExportFile, exportsOf } from '@/api/exports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { when, whenExactly } from '@/texts/when'
import classes from '@/ui/CaseList.module.css'
import { Chip } from '@/ui/Chip'
import own from './Exports.module.css'
import type { Said } from './ExportsPage'
import { FileLine } from './FileLine'

const chips = { queued: 'plain', running: 'warn', complete: 'good', ended: 'plain' } as const
const isGone = (error: unknown) => error instanceof ApiError && [404, 410].includes(error.status)

/** One export: how far it is, what there is to fetch, how long. */
export function ExportCard({ it, onDone }: { it: Export; onDone(what: Said): Promise<void> }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const heading = useId()
  const cancel = useMutation({
    mutationFn: () => exportsOf(context).cancel(it.export),
    onSuccess: () => onDone(it.state === 'complete' ? 'discarded' : 'cancelled'),
    onError: (error) => (isGone(error) ? onDone('gone') : undefined),
  })
  const moment = (at: string) => <time dateTime={at}>{whenExactly(at)}</time>
  return (
    <article className={classes.card} aria-labelledby={heading}>
      <div className={classes.head}>
        <Title order={2} id={heading} className={classes.name}>
          {t('exports.named', { when: whenExactly(it.asked_at) })}
        </Title>
        <div className={classes.chips}>
          <Chip kind={chips[it.state]}>{t(`exports.state_${it.state}`)}</Chip>
        </div>
      </div>
      {it.state === 'queued' && <Text c="dimmed">{t('exports.waits')}</Text>}
      {it.state === 'running' && <Running it={it} labelledBy={heading} />}
      {it.state === 'ended' && (
        <Text c="dimmed">{t(`exports.end_${(it.reason ?? 'failed') as 'failed'}`)}</Text>
      )}
      <dl className={classes.facts}>
        <Fact term={t('exports.took')}>
          {t(it.patients_only ? 'exports.patients' : 'exports.everything')}
        </Fact>
        {it.since && <Fact term={t('exports.sinceDay')}>{when(it.since)}</Fact>}
        {it.as_of && <Fact term={t('exports.of')}>{moment(it.as_of)}</Fact>}
        {it.state === 'complete' && <Fact term={t('exports.until')}>{moment(it.expires_at)}</Fact>}
      </dl>
      {it.state === 'complete' &&
        (it.files.length === 0 ? (
          <Text c="dimmed">{t('exports.nothing')}</Text>
        ) : (
          <ul className={own.files} aria-label={t('exports.files')}>
            {it.files.map((file) => (
              <FileLine key={file.url} file={file} part={partOf(file, it.files)} />
            ))}
          </ul>
        ))}
      {it.state !== 'ended' && (
        <div>
          {!isGone(cancel.error) && <ProblemNotice error={cancel.error} />}
          <Button
            variant="default"
            aria-describedby={heading}
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            {t(it.state === 'complete' ? 'exports.discard' : 'exports.cancel')}
          </Button>
        </div>
      )}
    </article>
  )
}

/** Which of several of its type a file is; nothing where it is the only one. */
function partOf(file: ExportFile, all: ExportFile[]): number | null {
  const same = all.filter((it) => it.type === file.type && it.deleted === file.deleted)
  return same.length > 1 ? same.indexOf(file) + 1 : null
}

/** How far it came. A screen reader asks for it when it wants to know: nothing is said at every step. */
function Running({ it, labelledBy }: { it: Export; labelledBy: string }) {
  const { t } = useTranslation()
  const part = it.types_in_all > 0 ? Math.floor((100 * it.types_done) / it.types_in_all) : 0
  return (
    <div>
      <Progress.Root size="lg">
        <Progress.Section value={Math.max(part, 2)} aria-labelledby={labelledBy} aria-valuenow={part} />
      </Progress.Root>
      <Text c="dimmed" mt="xs">
        {t('exports.progress', {
          done: it.types_done,
          count: it.types_in_all,
          records: it.records.toLocaleString('en'),
        })}
      </Text>
    </div>
  )
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
