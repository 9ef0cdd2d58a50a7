import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useContextId } from '@/pages/context/useContextId'

export function BackToRoles() {
  const { t } = useTranslation()
  const context = useContextId()
  return (
    <Anchor renderRoot={(props) => <Link to="/c/$context/roles" params={{ context }} {...props} />}>
      ← {t('roles.backToRoles')}
    </Anchor>
  )
}
