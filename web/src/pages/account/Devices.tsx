import { Button, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { devices as api } from '@/api/auth'
import { personQueries } from '@/api/queries'
import type { Device } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useLeave } from '@/session/useLeave'
import { when } from '@/texts/when'
import badge from '@/ui/ChoiceCard.module.css'
import { Row, Rows, Section } from '@/ui/Section'

export function Devices() {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(personQueries.devices())
  const { signOut } = useLeave()
  const end = useMutation({
    mutationFn: (device: Device) => (device.current ? signOut('device') : api.end(device.id)),
    onSuccess: (_, device) => (device.current ? undefined : cache.invalidateQueries(personQueries.devices())),
  })
  const everywhere = useMutation({ mutationFn: () => signOut('everywhere') })
  return (
    <Section title={t('account.devicesTitle')} lead={t('account.devicesLead')}>
      <Rows>
        {data.map((device) => (
          <Row
            key={device.id}
            title={
              <>
                {device.agent}{' '}
                {device.current && <span className={badge.badge}>{t('account.deviceCurrent')}</span>}
              </>
            }
            text={`${t('account.deviceDetail', {
              since: when(device.signed_in_at),
              used: when(device.used_at),
              address: device.address ?? t('account.deviceNowhere'),
            })}, ${t('account.deviceContexts', { count: device.contexts })}`}
            action={
              <Button
                size="sm"
                variant="default"
                aria-label={t('account.deviceEndLabel', { agent: device.agent })}
                loading={end.isPending && end.variables?.id === device.id}
                onClick={() => end.mutate(device)}
              >
                {t('account.deviceEnd')}
              </Button>
            }
          />
        ))}
      </Rows>
      <ProblemNotice error={end.error ?? everywhere.error} />
      <div>
        <Button
          size="sm"
          variant="light"
          color="red"
          loading={everywhere.isPending}
          onClick={() => everywhere.mutate()}
        >
          {t('account.everywhere')}
        </Button>
        <Text size="sm" c="dimmed" mt={6}>
          {t('account.everywhereHint')}
        </Text>
      </div>
    </Section>
  )
}
