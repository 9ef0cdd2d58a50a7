import './texts'
import { Anchor, Button, Progress, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { importQueries, importsOf, isWorking, type SheetProgress } from '@/api/imports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { StateChip } from './ImportsPage'
import { MappingForm } from './MappingForm'
import { Outcome } from './Outcome'
import { RowList } from './RowList'

/** One spreadsheet, from its columns to its report. */
export function ImportPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { import: id } = useParams({ strict: false }) as { import: string }
  const cache = useQueryClient()
  const { data: it } = useSuspenseQuery(importQueries(context).one(id))
  const [remaps, setRemaps] = useState(false)
  const kind = t(`imports.kind_${it.kind}`)
  useTitle(kind)
  const refresh = () => cache.invalidateQueries({ queryKey: importQueries(context).key })
  const maps = it.state === 'sent' || (it.state === 'checked' && remaps)
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/imports" params={{ context }} {...props} />}>
            ← {t('imports.back')}
          </Anchor>
        }
        title={kind}
        lead={
          <span>
            {[it.facility, t('imports.rows', { count: it.rows, number: it.rows.toLocaleString('en') })]
              .filter(Boolean)
              .join(' · ')}{' '}
            <StateChip state={it.state} />
          </span>
        }
      />
      {maps && (
        <MappingForm
          id={id}
          onDone={async () => {
            setRemaps(false)
            await refresh()
          }}
        />
      )}
      {isWorking(it.state) && <Working it={it} />}
      {it.state === 'failed' && (
        <Notice kind="bad">
          {t(`imports.failed_${it.reason === 'authority' ? 'authority' : 'failed'}`)}
        </Notice>
      )}
      {it.state === 'undone' && (
        <Notice kind="good">
          {it.left === 0
            ? t('imports.undoneAll')
            : t('imports.undoneSome', { count: it.left, number: it.left.toLocaleString('en') })}
        </Notice>
      )}
      {!maps && it.state !== 'sent' && it.state !== 'checking' && (
        <>
          <Outcome it={it} />
          <Acts it={it} onDone={refresh} onRemap={() => setRemaps(true)} />
          {!isWorking(it.state) && <RowList key={it.state} it={it} />}
        </>
      )}
    </Stack>
  )
}

/** How far it came. A screen reader asks for it when it wants to know: nothing is said at every step. */
function Working({ it }: { it: SheetProgress }) {
  const { t } = useTranslation()
  const words = t(`imports.working_${it.state as 'checking'}`)
  // Rows are numbered with the headings among them.
  const last = Math.max(it.rows + 1, it.reached)
  const part = Math.floor((100 * it.reached) / last)
  return (
    <div>
      <Text mb="xs">{words}</Text>
      <Progress.Root size="lg">
        <Progress.Section value={Math.max(part, 2)} aria-label={words} aria-valuenow={part} />
      </Progress.Root>
      <Text c="dimmed" mt="xs">
        {t('imports.reached', {
          row: Math.max(it.reached, 1).toLocaleString('en'),
          of: last.toLocaleString('en'),
        })}
      </Text>
    </div>
  )
}

/** What can be done with it where it stands. */
function Acts({ it, onDone, onRemap }: { it: SheetProgress; onDone(): Promise<void>; onRemap(): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const imports = importsOf(context)
  const [asks, setAsks] = useState(false)
  const run = useMutation({ mutationFn: () => imports.run(it.import), onSettled: onDone })
  const undo = useMutation({
    mutationFn: () => imports.undo(it.import),
    onSettled: () => {
      setAsks(false)
      return onDone()
    },
  })
  const report = useMutation({
    mutationFn: () => imports.report(it.import),
    onSuccess: (file) => save(file, `import-${it.kind}.csv`),
  })
  const ready = it.created + it.changed + it.same
  const kept = it.kept_until !== null
  return (
    <>
      {it.state === 'checked' && ready === 0 && <Notice kind="warn">{t('imports.nothingToRun')}</Notice>}
      <ProblemNotice
        error={run.error ?? undo.error ?? report.error}
        instead={{ 'import-busy': t('imports.busy') }}
      />
      <div className={classes.buttons}>
        {it.state === 'checked' && ready > 0 && kept && (
          <Button loading={run.isPending} onClick={() => run.mutate()}>
            {t('imports.run', { count: ready, number: ready.toLocaleString('en') })}
          </Button>
        )}
        {it.state === 'failed' && kept && (
          <Button loading={run.isPending} onClick={() => run.mutate()}>
            {t('imports.goOn')}
          </Button>
        )}
        {it.state === 'checked' && kept && (
          <Button variant="default" onClick={onRemap}>
            {t('imports.again')}
          </Button>
        )}
        {!isWorking(it.state) && (
          <Button variant="default" loading={report.isPending} onClick={() => report.mutate()}>
            {t('imports.report')}
          </Button>
        )}
        {(it.state === 'done' || it.state === 'failed') && kept && (
          <Button variant="default" onClick={() => setAsks(true)}>
            {t('imports.undo')}
          </Button>
        )}
      </div>
      {asks && (
        <Dialog title={t('imports.undoSure')} onClose={() => setAsks(false)}>
          <Stack gap="md">
            <Text>{t('imports.undoLead')}</Text>
            <div className={classes.buttons}>
              <Button color="red" loading={undo.isPending} onClick={() => undo.mutate()}>
                {t('imports.undoYes')}
              </Button>
              <Button variant="default" onClick={() => setAsks(false)}>
                {t('imports.keep')}
              </Button>
            </div>
          </Stack>
        </Dialog>
      )}
    </>
  )
}

/** Gives a file to the person, as a link that is clicked does. */
function save(file: Blob, name: string) {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
