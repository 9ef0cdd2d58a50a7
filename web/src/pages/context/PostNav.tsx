import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import classes from './PostNav.module.css'

/** The pages of a post. What is not permitted is not here; one page alone needs no way to it. */
export function PostNav({ context, permissions }: { context: string; permissions: string[] }) {
  const { t } = useTranslation()
  if (!permissions.includes('people.read')) return null
  const params = { context }
  return (
    <nav className={classes.nav} aria-label={t('people.nav')}>
      <Link to="/c/$context/" params={params} activeOptions={{ exact: true }}>
        {t('people.navHome')}
      </Link>
      <Link to="/c/$context/people" params={params}>
        {t('people.title')}
      </Link>
      <Link to="/c/$context/roles" params={params}>
        {t('roles.title')}
      </Link>
      {permissions.includes('organization.manage') && (
        <Link to="/c/$context/facilities" params={params}>
          {t('facilities.title')}
        </Link>
      )}
    </nav>
  )
}
