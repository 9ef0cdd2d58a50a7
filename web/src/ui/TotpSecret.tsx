import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import classes from './TotpSecret.module.css'

interface Props {
  secret: string
  uri: string
  qr: string
}

/** The drawing is shown as an image, in which nothing can run. */
export function TotpSecret({ secret, uri, qr }: Props) {
  const { t } = useTranslation()
  const clipboard = useClipboard({ timeout: 2500 })
  return (
    <Stack gap="sm">
      <Text>{t('newFactor.scan')}</Text>
      <img
        className={classes.qr}
        src={`data:image/svg+xml,${encodeURIComponent(qr)}`}
        alt={t('newFactor.qr')}
        width={192}
        height={192}
      />
      {uri.startsWith('otpauth:') && (
        <Anchor href={uri} className={classes.onPhone}>
          {t('newFactor.openApp')}
        </Anchor>
      )}
      <div>
        <Text size="sm" c="dimmed">
          {t('newFactor.cannotScan')}
        </Text>
        <Group gap="xs" justify="space-between">
          <code className={classes.secret}>{secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}</code>
          <Button size="compact-sm" variant="default" onClick={() => clipboard.copy(secret)}>
            {clipboard.copied ? t('newFactor.copied') : t('newFactor.copyKey')}
          </Button>
        </Group>
      </div>
      <Text>{t('newFactor.enter')}</Text>
    </Stack>
  )
}
