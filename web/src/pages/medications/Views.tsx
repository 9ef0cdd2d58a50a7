import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useContextId } from '@/pages/context/useContextId'
import classes from './Pass.module.css'

/** The two pages of medications. */
export function Views() {
  const { t } = useTranslation()
  const params = { context: useContextId() }
  return (
    <nav className={classes.views} aria-label={t('medications.views')}>
      <Link to="/c/$context/medications" params={params} activeOptions={{ exact: true }}>
        {t('medications.viewPass')}
      </Link>
      <Link to="/c/$context/medications/counts" params={params}>
        {t('medications.viewCounts')}
      </Link>
    </nav>
  )
}
