import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useContextId } from '@/pages/context/useContextId'

export function BackToPeople() {
  const { t } = useTranslation()
  const context = useContextId()
  return (
    <Anchor renderRoot={(props) => <Link to="/c/$context/people" params={{ context }} {...props} />}>
      ← {t('people.backToPeople')}
    </Anchor>
  )
}
