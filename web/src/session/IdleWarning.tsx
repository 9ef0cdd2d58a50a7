import { Button, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { useSecondsUntil } from '@/ui/Countdown'
import { Dialog } from '@/ui/Dialog'
import type { IdleWarning as Warning } from './useIdle'

interface Props {
  warning: Warning
  onStay(): void
  onLock(): void
}

export function IdleWarning({ warning, onStay, onLock }: Props) {
  const { t } = useTranslation()
  const seconds = useSecondsUntil(warning.endsAt, () => http.now())
  return (
    <Dialog
      title={warning.final ? t('lock.endTitle') : t('lock.warningTitle')}
      onClose={onStay}
      closeButton={false}
      level={500}
    >
      <Stack>
        <Text>{warning.final ? t('lock.end') : t('lock.warning')}</Text>
        <Text fz="2rem" fw={650} role="timer">
          {t('problems.seconds', { count: seconds })}
        </Text>
        <Group grow>
          <Button variant="default" onClick={onLock}>
            {t('lock.lockNow')}
          </Button>
          <Button onClick={onStay} data-autofocus>
            {warning.final ? t('lock.understood') : t('lock.stay')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
