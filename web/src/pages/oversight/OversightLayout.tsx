import { Link, Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useMe } from '@/pages/context/useContextId'
import classes from './Oversight.module.css'
import { partsOf } from './parts'
import './texts'

/** The pages of whoever answers for a house. */
export function OversightLayout() {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const parts = partsOf(me.permissions)
  return (
    <>
      {parts.length > 1 && (
        <nav className={classes.parts} aria-label={t('oversight.nav')}>
          {parts.map((part) => (
            <Link key={part} to="/c/$context/oversight/$part" params={{ context, part }}>
              {t(`oversight.part_${part}`)}
            </Link>
          ))}
        </nav>
      )}
      <Outlet />
    </>
  )
}
