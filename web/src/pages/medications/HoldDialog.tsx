import { Button, Group, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { ApiError, hasCode } from '@/api/errors'
import { medicationQueries, medicationsIn, type Order } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { RecordForm, type Values } from '@/pages/chart/RecordForm'
import { useContextId } from '@/pages/context/useContextId'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'

/** Nothing of an order is given for now, for a reason; or again. */
export function HoldDialog({ patient, order, onClose }: { patient: string; order: Order; onClose(): void }) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
  const [values, setValues] = useState<Values>({})
  const held = order.status === 'on-hold'
  const again = () => {
    void refreshPatient(cache, context, patient)
    void cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  }
  const turn = useMutation({
    mutationFn: () =>
      held
        ? medicationsIn(context).resume(patient, order.order, order.version)
        : medicationsIn(context).hold(patient, order.order, order.version, (values.reason ?? '').trim()),
    onSuccess: () => {
      again()
      onClose()
    },
    onError: again,
  })
  const moved =
    (turn.error instanceof ApiError && turn.error.status === 412) || hasCode(turn.error, 'order-otherwise')
  const problem = moved ? (
    <Notice kind="warn">{t('medications.holdMoved')}</Notice>
  ) : (
    <ProblemNotice error={turn.error} />
  )
  if (held)
    return (
      <Dialog title={t('medications.resumeLabel', { what: order.medication })} onClose={onClose}>
        {order.held_because && (
          <Text mb="md">{t('medications.heldBecause', { reason: order.held_because })}</Text>
        )}
        {problem}
        <Group mt="md">
          <Button loading={turn.isPending} onClick={() => turn.mutate()} data-autofocus>
            {t('medications.resume')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
        </Group>
      </Dialog>
    )
  return (
    <Dialog title={t('medications.holdTitle', { what: order.medication })} onClose={onClose}>
      <Text mb="md">{t('medications.holdLead')}</Text>
      <RecordForm
        fields={[
          {
            key: 'reason',
            label: t('medications.holdWhy'),
            kind: 'area',
            needed: t('medications.otherNeeded'),
          },
        ]}
        values={values}
        onChange={setValues}
        submit={t('medications.holdSave')}
        busy={turn.isPending}
        problem={problem}
        onSubmit={() => turn.mutate()}
        onCancel={onClose}
      />
    </Dialog>
  )
}
