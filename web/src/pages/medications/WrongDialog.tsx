import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { medicationQueries, medicationsIn } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { RecordForm, type Values } from '@/pages/chart/RecordForm'
import { useContextId } from '@/pages/context/useContextId'
import { Dialog } from '@/ui/Dialog'
import { clock } from './Needed'
import type { Recorded } from './ResidentCard'
import { StateChip } from './StateChip'

/** A dose that was recorded in error stays, marked as such, and its place is free again. */
export function WrongDialog({ of, onClose }: { of: Recorded; onClose(): void }) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
  const [values, setValues] = useState<Values>({})
  const again = () => cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  const mark = useMutation({
    mutationFn: () =>
      medicationsIn(context).wrong(of.dose.administration ?? '', (values.reason ?? '').trim()),
    onSuccess: () => {
      again()
      onClose()
    },
    onError: (error) => (hasCode(error, 'dose-wrong') ? again() : undefined),
  })
  return (
    <Dialog title={t('medications.wrongTitle')} onClose={onClose}>
      <Text fw={600}>{of.what}</Text>
      <Text c="dimmed" mb="sm">
        <StateChip state={of.dose.state} /> {of.dose.at && clock(of.dose.at, of.zone)} {of.dose.by}
      </Text>
      <Text mb="md">{t('medications.wrongLead')}</Text>
      <RecordForm
        fields={[
          {
            key: 'reason',
            label: t('medications.wrongWhy'),
            kind: 'area',
            needed: t('medications.otherNeeded'),
          },
        ]}
        values={values}
        onChange={setValues}
        submit={t('medications.wrongSave')}
        busy={mark.isPending}
        problem={
          <ProblemNotice error={mark.error} instead={{ 'dose-wrong': t('medications.wrongAlready') }} />
        }
        onSubmit={() => mark.mutate()}
        onCancel={onClose}
      />
    </Dialog>
  )
}
