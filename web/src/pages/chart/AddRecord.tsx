import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { foresee, refreshPatient } from '@/api/chartQueries'
import { fhirIn } from '@/api/fhir'
import type { Of, Type } from '@/api/fhirTypes'
import { http } from '@/api/http'
import { useDraft } from '@/session/drafts'
import { Dialog } from '@/ui/Dialog'
import { ChartProblem } from './ChartProblem'
import { type FieldSpec, RecordForm, type Values } from './RecordForm'
import { useChart } from './useChart'

interface Props<T extends Type> {
  type: T
  /** The name of the form, where a type has several. */
  form?: string
  title: string
  fields: FieldSpec[]
  begin?: Values
  submit: string
  /** The record, from what was typed and the moment of its first sending. */
  build(values: Values, now: string): Omit<Of<T>, 'id'>
  onDone(added: boolean): void
}

/** Adds one record. What is typed stays until it is saved or the form is closed; sent twice it is added once. */
export function AddRecord<T extends Type>({
  type,
  form = `add ${type}`,
  title,
  fields,
  begin = {},
  submit,
  build,
  onDone,
}: Props<T>) {
  const { t } = useTranslation()
  const { context, id, draftKey } = useChart()
  const client = useQueryClient()
  const draft = useDraft<Values>(draftKey(form), () => begin)
  const add = useMutation({
    mutationFn: () => {
      // The same words are the same attempt, whatever became of it before.
      const { key, now } = draft.attempt(JSON.stringify(draft.value), () => ({
        key: crypto.randomUUID(),
        now: new Date(http.now()).toISOString(),
      }))
      return fhirIn(context).create(type, build(draft.value, now), { key })
    },
    // It is in sight at once; refused, it is gone again, and what was typed is here.
    onMutate: () => {
      const made = build(draft.value, new Date(http.now()).toISOString())
      const coming = { ...made, id: `pending-${form}`, pending: true } as unknown as Of<T>
      return foresee(client, context, id, type, (all, everything) => (everything ? [coming, ...all] : all))
    },
    onError: (_error, _asked, takeBack) => takeBack?.(),
    onSuccess: async () => {
      await refreshPatient(client, context, id)
      draft.clear()
      onDone(true)
    },
  })
  function close() {
    draft.clear()
    onDone(false)
  }
  if (add.isPending) return null
  return (
    <Dialog title={title} onClose={close}>
      <RecordForm
        fields={fields}
        values={draft.value}
        onChange={draft.change}
        submit={add.isError ? t('chart.tryAgain') : submit}
        busy={add.isPending}
        problem={add.isError && <ChartProblem error={add.error} unsaved />}
        onSubmit={() => add.mutate()}
        onCancel={close}
      />
    </Dialog>
  )
}
