import { Button, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { foresee, refreshPatient } from '@/api/chartQueries'
import { fhirIn, isConflict, type Loaded } from '@/api/fhir'
import type { Of, Type } from '@/api/fhirTypes'
import { http } from '@/api/http'
import { useDraft } from '@/session/drafts'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { ChartProblem } from './ChartProblem'
import { type FieldSpec, RecordForm, type Values } from './RecordForm'
import classes from './RecordForm.module.css'
import { useChart } from './useChart'

interface Props<T extends Type> {
  type: T
  record: string
  /** The name of the form, where a record has several. */
  form?: string
  title: string
  fields: FieldSpec[]
  begin: Values
  submit: string
  /** The members that change, from what was typed and the record as it stands. */
  build(values: Values, standing: Of<T>, now: string): Partial<Of<T>>
  /** What a record says, line by line, to be compared. */
  describe(resource: Of<T>): [label: string, words: string][]
  onDone(changed: boolean): void
}

/**
 * Changes one record from the version that stood when the form was opened. If somebody else was faster, theirs is
 * shown beside what was typed here, and nothing is written until one has looked.
 */
export function ChangeRecord<T extends Type>(props: Props<T>) {
  const { type, record, form = '', title, fields, begin, submit, build, describe, onDone } = props
  const { t } = useTranslation()
  const { context, id, draftKey } = useChart()
  const client = useQueryClient()
  const draft = useDraft<Values>(draftKey(`change ${type} ${record} ${form}`.trim()), () => begin)
  const [read, setRead] = useState<Promise<Loaded<Of<T>>>>(() => load())
  const [theirs, setTheirs] = useState<Loaded<Of<T>> | null>(null)

  function load() {
    const loaded = fhirIn(context).read(type, record)
    // A failure is told when the form is sent.
    loaded.catch(() => undefined)
    return loaded
  }
  const save = useMutation({
    mutationFn: async () => {
      const standing = await read
      const changes = build(draft.value, standing.resource, new Date(http.now()).toISOString())
      await fhirIn(context).change(standing, changes)
    },
    // It is in sight at once; refused, it is as it was, and what was typed is here.
    onMutate: () =>
      foresee(client, context, id, type, (all) =>
        all.map((it) =>
          it.id === record
            ? { ...it, ...build(draft.value, it, new Date(http.now()).toISOString()), pending: true as const }
            : it,
        ),
      ),
    onSuccess: async () => {
      await refreshPatient(client, context, id)
      draft.clear()
      onDone(true)
    },
    onError: async (error, _asked, takeBack) => {
      takeBack?.()
      // What is sent next starts from the newest; after a conflict it is looked at first.
      const again = load()
      setRead(again)
      if (isConflict(error)) setTheirs(await again.catch(() => null))
    },
  })
  function close() {
    draft.clear()
    onDone(false)
  }
  if (save.isPending) return null
  const mine = theirs && { ...theirs.resource, ...build(draft.value, theirs.resource, '') }
  return (
    <Dialog title={title} wide={theirs !== null} onClose={close}>
      <RecordForm
        fields={fields}
        values={draft.value}
        onChange={draft.change}
        submit={theirs ? t('chart.saveOver') : save.isError ? t('chart.tryAgain') : submit}
        busy={save.isPending}
        problem={
          theirs && mine ? (
            <Stack gap="sm">
              <Notice kind="warn">{t('chart.conflict')}</Notice>
              <Versions mine={describe(mine)} theirs={describe(theirs.resource)} />
              <div>
                <Button
                  variant="subtle"
                  size="sm"
                  disabled={save.isPending}
                  onClick={async () => {
                    await refreshPatient(client, context, id)
                    close()
                  }}
                >
                  {t('chart.keepTheirs')}
                </Button>
              </div>
            </Stack>
          ) : (
            save.isError && !isConflict(save.error) && <ChartProblem error={save.error} unsaved />
          )
        }
        onSubmit={() => save.mutate()}
        onCancel={close}
      />
    </Dialog>
  )
}

/** What stands in the chart now, beside what would stand there. */
function Versions({ mine, theirs }: { mine: [string, string][]; theirs: [string, string][] }) {
  const { t } = useTranslation()
  const labels = [...new Set([...theirs, ...mine].map(([label]) => label))]
  const of = (all: [string, string][], label: string) => all.find(([it]) => it === label)?.[1] ?? ''
  return (
    <table className={classes.versions}>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('chart.theirs')}</th>
          <th scope="col">{t('chart.mine')}</th>
        </tr>
      </thead>
      <tbody>
        {labels.map((label) => (
          <tr key={label} className={of(mine, label) === of(theirs, label) ? undefined : classes.differs}>
            <th scope="row">{label}</th>
            <td>{of(theirs, label) || <Text c="dimmed">–</Text>}</td>
            <td>{of(mine, label) || <Text c="dimmed">–</Text>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
