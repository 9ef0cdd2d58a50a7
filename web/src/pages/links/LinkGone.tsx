import { Button, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'

/** The page was opened without the secret of its link. */
export function NoToken({ title }: { title: string }) {
  const { t } = useTranslation()
  return (
    <Doorway title={title}>
      <Notice kind="info">{t('links.openMail')}</Notice>
      <Text c="dimmed">{t('links.openMailDetail')}</Text>
    </Doorway>
  )
}

/** What the link was for is done. */
export function LinkDone({ title, detail }: { title: string; detail: string }) {
  const { t } = useTranslation()
  return (
    <Doorway title={title}>
      <Stack>
        <Notice kind="good">{detail}</Notice>
        <Button renderRoot={(props) => <Link to="/sign-in" {...props} />}>{t('signIn.title')}</Button>
      </Stack>
    </Doorway>
  )
}
