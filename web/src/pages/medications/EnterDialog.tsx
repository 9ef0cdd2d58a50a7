import { Button, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { medicationQueries, medicationsIn, type Sheet } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { RecordForm, type Values } from '@/pages/chart/RecordForm'
import { useContextId } from '@/pages/context/useContextId'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { thousandths } from './doses'
import { useConfirmed } from './Witness'

export type Kind = 'received' | 'wasted' | 'counted' | 'corrected'

interface Props {
  sheet: Sheet
  kind: Kind
  onClose(done?: 'entered' | 'confirmed'): void
}

/** Something is entered into a sheet; what needs a second person waits for them here, or in the list. */
export function EnterDialog({ sheet, kind, onClose }: Props) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
  const [values, setValues] = useState<Values>({})
  const again = () => cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  const waits = kind !== 'received'
  const enter = useMutation({
    mutationFn: () => {
      const note = (values.note ?? '').trim()
      const amount = thousandths(values.amount ?? '') ?? 0
      return medicationsIn(context).enter(sheet.stock, { kind, amount, ...(note && { note }) })
    },
    onSuccess: async () => {
      await again()
      if (!waits) onClose('entered')
    },
  })
  if (enter.data && waits) return <Waits stock={sheet.stock} entry={enter.data} onClose={onClose} />
  const fits = (typed: string) => {
    const amount = thousandths(typed)
    if (amount === null) return false
    return kind === 'counted' ? amount >= 0 : kind === 'corrected' ? amount !== 0 : amount > 0
  }
  return (
    <Dialog title={t(`medications.enter_${kind}`, { what: sheet.medication })} onClose={() => onClose()}>
      {kind === 'counted' && <Text mb="sm">{t('medications.countBlind')}</Text>}
      <RecordForm
        fields={[
          {
            key: 'amount',
            label: t(`medications.amount_${kind}`, { unit: sheet.unit }),
            kind: 'text',
            needed: t('medications.amountNeeded'),
            check: (typed) => (fits(typed) ? undefined : t('medications.amountNeeded')),
          },
          {
            key: 'note',
            label: t(`medications.note_${kind}`),
            kind: 'area',
            needed: kind === 'wasted' || kind === 'corrected' ? t('medications.otherNeeded') : undefined,
          },
        ]}
        values={values}
        onChange={setValues}
        submit={t(waits ? 'medications.saveAsk' : 'medications.save')}
        busy={enter.isPending}
        problem={
          <ProblemNotice
            error={enter.error}
            instead={{
              'count-invalid': t('medications.countInvalid'),
              'count-short': t('medications.countShort'),
            }}
          />
        }
        onSubmit={() => enter.mutate()}
        onCancel={() => onClose()}
      />
    </Dialog>
  )
}

function Waits({ stock, entry, onClose }: { stock: string; entry: string; onClose: Props['onClose'] }) {
  const { t } = useTranslation()
  const name = useConfirmed(stock, entry)?.witness
  return (
    <Dialog title={t('medications.witnessTitle')} onClose={() => onClose(name ? 'confirmed' : undefined)}>
      <Stack>
        {name ? (
          <Notice kind="good">{t('medications.entryWitness', { name })}</Notice>
        ) : (
          <>
            <Notice kind="info">{t('medications.witnessWaits')}</Notice>
            <Text c="dimmed">{t('medications.witnessLater')}</Text>
          </>
        )}
        <div>
          <Button variant="default" onClick={() => onClose(name ? 'confirmed' : undefined)} data-autofocus>
            {t('medications.close')}
          </Button>
        </div>
      </Stack>
    </Dialog>
  )
}
