import { Button, Group, List, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Role } from '@/api/types'
import { GrantProblem } from '@/pages/people/faults'
import { permissionWords } from '@/texts/words'
import { Dialog } from '@/ui/Dialog'
import type { RoleDraft } from './roleDraft'
import '@/pages/people/texts'

interface Props {
  role: Role
  draft: RoleDraft
  saving: boolean
  error: unknown
  onSave(): void
  onCancel(): void
}

/** Says what everyone who has the role loses and gains before it is saved. */
export function ConfirmRole({ role, draft, saving, error, onSave, onCancel }: Props) {
  const { t } = useTranslation()
  const lost = role.permissions.filter((key) => !draft.permissions.has(key))
  const gained = [...draft.permissions].filter((key) => !role.permissions.includes(key))
  const tied = role.tie !== draft.tie
  return (
    <Dialog title={t('roles.confirmTitle')} onClose={onCancel} wide>
      <Stack>
        <Text>{t('roles.confirmLead', { count: role.posts })}</Text>
        <Keys title={t('roles.confirmLost')} keys={lost} />
        <Keys title={t('roles.confirmGained')} keys={gained} />
        {tied && <Text>{t('roles.confirmTie', { tie: t(`roles.tie_${draft.tie ?? 'none'}`) })}</Text>}
        {lost.length + gained.length === 0 && !tied && <Text>{t('roles.confirmTitleOnly')}</Text>}
        <GrantProblem error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {t('outlook.backToForm')}
          </Button>
          <Button loading={saving} onClick={onSave}>
            {t('roles.save')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}

function Keys({ title, keys }: { title: string; keys: string[] }) {
  if (keys.length === 0) return null
  return (
    <div>
      <Text fw={600}>{title}</Text>
      <List spacing={4}>
        {keys.map((key) => (
          <List.Item key={key}>{permissionWords(key)}</List.Item>
        ))}
      </List>
    </div>
  )
}
