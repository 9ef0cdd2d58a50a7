import { Text } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { notices } from '@/api/notices'
import { Notice } from '@/ui/Notice'

/** What the law wants said wherever substance-use records are shown (42 CFR 2.32), once the server has said it. */
export function ProtectedNotice({ context }: { context: string }) {
  const { t } = useTranslation()
  const text = useSyncExternalStore(notices.subscribe, () => notices.of(context))
  if (!text) return null
  return (
    <Notice kind="warn">
      <Text fw={600}>{t('notice.title')}</Text>
      {text}
    </Notice>
  )
}
