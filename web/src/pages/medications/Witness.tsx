import { Button, Stack } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Unreachable } from '@/api/errors'
import { medicationQueries, medicationsIn, WAITING } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useContextId } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'

export interface Witnessed {
  entry: string
  name: string
}

interface Props {
  stock: string
  /** In thousandths; nothing while it is no amount. */
  amount: number | null
  onMissing(): void
  onWitnessed(by: Witnessed): void
}

/** Before something that is counted with a witness is given: a second person confirms it, where they are signed in. */
export function Witness({ stock, amount, onMissing, onWitnessed }: Props) {
  const { t } = useTranslation()
  const context = useContextId()
  const ask = useMutation({
    mutationFn: (amount: number) => medicationsIn(context).enter(stock, { kind: 'given', amount }),
  })
  const confirmed = useConfirmed(stock, ask.data)
  const name = confirmed?.witness ?? undefined
  useEffect(() => {
    if (ask.data && name !== undefined) onWitnessed({ entry: ask.data, name })
  }, [ask.data, name, onWitnessed])
  if (name !== undefined) return <Notice kind="good">{t('medications.witnessDone', { name })}</Notice>
  if (ask.data) return <Notice kind="info">{t('medications.witnessWaits')}</Notice>
  return (
    <Stack gap="sm">
      <Notice kind="warn">{t('medications.witness')}</Notice>
      {ask.error instanceof Unreachable ? (
        <Notice kind="bad">{t('medications.witnessOffline')}</Notice>
      ) : (
        <ProblemNotice
          error={ask.error}
          instead={{
            'count-short': t('medications.countShort'),
            'count-invalid': t('medications.countInvalid'),
          }}
        />
      )}
      <div>
        <Button
          variant="default"
          size="md"
          loading={ask.isPending}
          onClick={() => (amount === null ? onMissing() : ask.mutate(amount))}
        >
          {t('medications.witnessAsk')}
        </Button>
      </div>
    </Stack>
  )
}

/** An entry that waits, looked at until a second person has confirmed it. */
export function useConfirmed(stock: string, entry: string | undefined) {
  const cache = useQueryClient()
  const context = useContextId()
  const { data } = useQuery({
    ...medicationQueries(context).entries(stock),
    enabled: entry !== undefined,
    refetchInterval: ({ state }) =>
      state.data?.some((it) => it.entry === entry && it.witness) ? false : WAITING,
  })
  const found = data?.find((it) => it.entry === entry)
  const done = Boolean(found?.witness)
  // It counts now: what there is, is another.
  useEffect(() => {
    if (done) cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  }, [done, cache, context])
  return found
}
