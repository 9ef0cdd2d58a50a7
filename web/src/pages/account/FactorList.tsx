import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { factors as api } from '@/api/auth'
import { personQueries } from '@/api/queries'
import type { Factor, FactorKind } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { AddPasskey } from '@/pages/factors/AddPasskey'
import { AddSms } from '@/pages/factors/AddSms'
import { AddTotp } from '@/pages/factors/AddTotp'
import { when } from '@/texts/when'
import { Dialog } from '@/ui/Dialog'
import { KeyIcon, MessageIcon, PhoneIcon } from '@/ui/icons'
import { RecoveryCodes } from '@/ui/RecoveryCodes'
import { Row, Rows, Section } from '@/ui/Section'

const icons = { totp: PhoneIcon, sms: MessageIcon, passkey: KeyIcon }
const adds = { totp: AddTotp, sms: AddSms, passkey: AddPasskey }

export function FactorList() {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(personQueries.factors())
  const [adding, setAdding] = useState<FactorKind | null>(null)
  const [removing, setRemoving] = useState<Factor | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const Add = adding && adds[adding]
  return (
    <Section title={t('account.factorsTitle')} lead={t('account.factorsLead')}>
      {data.factors.length === 0 && <Text>{t('account.factorsNone')}</Text>}
      <Rows>
        {data.factors.map((factor) => {
          const Icon = icons[factor.kind]
          const used = factor.used_at
            ? t('account.used', { when: when(factor.used_at) })
            : t('account.neverUsed')
          return (
            <Row
              key={factor.id}
              icon={<Icon size={24} />}
              title={factor.label || t(`account.kind_${factor.kind}`)}
              text={`${t('account.added', { when: when(factor.added_at) })}, ${used}`}
              action={
                <Button
                  size="sm"
                  variant="default"
                  aria-label={t('account.removeLabel', { label: factor.label })}
                  onClick={() => setRemoving(factor)}
                >
                  {t('account.remove')}
                </Button>
              }
            />
          )
        })}
      </Rows>
      <Group gap="xs">
        <Button size="sm" variant="light" onClick={() => setAdding('passkey')}>
          {t('account.addPasskey')}
        </Button>
        <Button size="sm" variant="light" onClick={() => setAdding('totp')}>
          {t('account.addTotp')}
        </Button>
        <Button size="sm" variant="light" onClick={() => setAdding('sms')}>
          {t('account.addSms')}
        </Button>
      </Group>
      {Add && (
        <Dialog title={t(`newFactor.${adding}Title`)} onClose={() => setAdding(null)}>
          <Add
            onAdded={(fresh) => {
              setAdding(null)
              setCodes(fresh ?? null)
              cache.invalidateQueries(personQueries.factors())
            }}
            onDeclined={() => setAdding(null)}
          />
        </Dialog>
      )}
      {codes && (
        <Dialog title={t('recovery.title')} wide>
          <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />
        </Dialog>
      )}
      {removing && (
        <Dialog title={t('account.removeTitle', { label: removing.label })} onClose={() => setRemoving(null)}>
          <Remove factor={removing} onEnd={() => setRemoving(null)} />
        </Dialog>
      )}
    </Section>
  )
}

function Remove({ factor, onEnd }: { factor: Factor; onEnd(): void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.remove(factor.id),
    onSuccess: async () => {
      await cache.invalidateQueries(personQueries.factors())
      onEnd()
    },
  })
  return (
    <Stack>
      <Text>{t('account.removeText')}</Text>
      <ProblemNotice error={remove.error} />
      <Group grow>
        <Button variant="default" onClick={onEnd}>
          {t('common.cancel')}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('account.remove')}
        </Button>
      </Group>
    </Stack>
  )
}
