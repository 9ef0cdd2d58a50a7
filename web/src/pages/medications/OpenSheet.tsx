import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { medicationQueries, medicationsIn } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { type FieldSpec, RecordForm, type Values } from '@/pages/chart/RecordForm'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { Dialog } from '@/ui/Dialog'

/** A new sheet: what is counted, and where it is kept. */
export function OpenSheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const { code } = useChosenFacility()
  const cache = useQueryClient()
  const [values, setValues] = useState<Values>({})
  const codes = (typed: string) => typed.split(/[\s,;]+/).filter(Boolean)
  const open = useMutation({
    mutationFn: () =>
      medicationsIn(context).open(code || (me.facilities[0]?.code ?? ''), {
        medication: (values.medication ?? '').trim(),
        codes: codes(values.codes ?? ''),
        unit: (values.unit ?? '').trim(),
        place: (values.place ?? '').trim(),
        witness_to_give: values.witness === 'yes',
      }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: medicationQueries(context).all })
      onClose()
    },
  })
  const needed = t('medications.needed_field')
  const fields: FieldSpec[] = [
    { key: 'medication', label: t('medications.sheetMedication'), kind: 'text', needed },
    {
      key: 'codes',
      label: t('medications.sheetCodes'),
      kind: 'text',
      hint: t('medications.sheetCodesHint'),
      needed: t('medications.sheetCodesNeeded'),
    },
    {
      key: 'unit',
      label: t('medications.sheetUnit'),
      kind: 'text',
      hint: t('medications.sheetUnitHint'),
      needed,
    },
    {
      key: 'place',
      label: t('medications.sheetPlace'),
      kind: 'text',
      hint: t('medications.sheetPlaceHint'),
      needed,
    },
    { key: 'witness', label: t('medications.sheetWitness'), kind: 'check' },
  ]
  return (
    <Dialog title={t('medications.sheetNew')} onClose={onClose}>
      <RecordForm
        fields={fields}
        values={values}
        onChange={setValues}
        submit={t('medications.sheetSave')}
        busy={open.isPending}
        problem={<ProblemNotice error={open.error} />}
        onSubmit={() => open.mutate()}
        onCancel={onClose}
      />
    </Dialog>
  )
}
