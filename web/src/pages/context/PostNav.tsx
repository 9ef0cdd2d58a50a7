import { Link, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './PostNav.module.css'
import { showsEmergencies, showsPatients, showsPeople } from './shows'

/** The pages of a post. What is not permitted is not here; one page alone needs no way to it. */
export function PostNav({ context, permissions }: { context: string; permissions: string[] }) {
  const { t } = useTranslation()
  const path = useLocation({ select: (it) => it.pathname })
  const nav = useRef<HTMLElement>(null)
  // On a phone they are wider than the screen: the page one is on is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the page is what the path says
  useEffect(() => {
    nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [path])
  const patients = showsPatients(permissions)
  const people = showsPeople(permissions)
  const emergencies = showsEmergencies(permissions)
  if (!patients && !people && !emergencies) return null
  const params = { context }
  return (
    <nav ref={nav} className={classes.nav} aria-label={t('people.nav')}>
      {patients && (
        <Link to="/c/$context/patients" params={params}>
          {t('patients.title')}
        </Link>
      )}
      <Link to="/c/$context/" params={params} activeOptions={{ exact: true }}>
        {t('people.navHome')}
      </Link>
      {people && (
        <>
          <Link to="/c/$context/people" params={params}>
            {t('people.title')}
          </Link>
          <Link to="/c/$context/roles" params={params}>
            {t('roles.title')}
          </Link>
        </>
      )}
      {emergencies && (
        <Link to="/c/$context/emergencies" params={params}>
          {t('emergencies.nav')}
        </Link>
      )}
    </nav>
  )
}
