import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Me } from '@/api/types'
import { seesAccesses } from '@/session/rights'
import classes from './PostNav.module.css'

/** The pages of a post. What is not permitted is not here; one page alone needs no way to it. */
export function PostNav({ context, me }: { context: string; me: Me }) {
  const { t } = useTranslation()
  const people = me.permissions.includes('people.read')
  const accesses = seesAccesses(me)
  if (!people && !accesses) return null
  const params = { context }
  return (
    <nav className={classes.nav} aria-label={t('people.nav')}>
      <Link to="/c/$context/" params={params} activeOptions={{ exact: true }}>
        {t('people.navHome')}
      </Link>
      {people && (
        <Link to="/c/$context/people" params={params}>
          {t('people.title')}
        </Link>
      )}
      {people && (
        <Link to="/c/$context/roles" params={params}>
          {t('roles.title')}
        </Link>
      )}
      {accesses && (
        <Link to="/c/$context/record-accesses" params={params}>
          {t('accesses.nav')}
        </Link>
      )}
    </nav>
  )
}
