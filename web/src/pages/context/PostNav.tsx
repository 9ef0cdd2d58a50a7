import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Me } from '@/api/types'
import { seesAccesses } from '@/session/rights'
import classes from './PostNav.module.css'
import {
  isRelative,
  showsEmergencies,
  showsExports,
  showsImports,
  showsMedications,
  showsOversight,
  showsPatients,
  showsPeople,
  showsShift,
  showsSupport,
  showsTemplates,
} from './shows'

/** After the first screen, in milliseconds. */
const LATER = 5_000

/** The pages of a post. What is not permitted is not here; one page alone needs no way to it. */
export function PostNav({ context, me }: { context: string; me: Me }) {
  const { t } = useTranslation()
  const path = useLocation({ select: (it) => it.pathname })
  const nav = useRef<HTMLElement>(null)
  // On a phone they are wider than the screen: the page one is on is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the page is what the path says
  useEffect(() => {
    const here = nav.current?.querySelector('[aria-current=page]')?.getBoundingClientRect()
    if (!nav.current || !here) return
    // Sideways alone: how far down the page is, is the page's affair.
    const all = nav.current.getBoundingClientRect()
    nav.current.scrollLeft += here.left + here.width / 2 - (all.left + all.width / 2)
  }, [path])
  const shift = showsShift(me.permissions)
  const patients = showsPatients(me.permissions)
  const medications = showsMedications(me.permissions)
  const cache = useQueryClient()
  // Doses that were tapped here without a network are sent, whatever page one comes to.
  useEffect(() => {
    if (!medications) return
    const resume = () =>
      import('@/pages/medications/outboxes').then((it) => it.resume(cache, context, me)).catch(() => {})
    const timer = setTimeout(resume, LATER)
    return () => clearTimeout(timer)
  }, [cache, context, me, medications])
  const { data: ties } = useQuery({ ...contextQueries(context).ties(), enabled: me.kind === 'portal' })
  const relative = me.kind === 'portal' && ties !== undefined && isRelative(ties.relationships)
  // What a relative has open is taken off their pages when it is withdrawn, whichever page they are on.
  useEffect(() => {
    if (!relative) return
    let stop: (() => void) | null | undefined
    import('@/pages/family/live').then(
      (it) => {
        if (stop === undefined) stop = it.follow(cache, context)
      },
      () => {},
    )
    return () => {
      stop?.()
      stop = null
    }
  }, [cache, context, relative])
  const people = showsPeople(me.permissions)
  const emergencies = showsEmergencies(me.permissions)
  const accesses = seesAccesses(me)
  const manages = me.permissions.includes('organization.manage')
  const support = showsSupport(me.permissions)
  const templates = showsTemplates(me.permissions)
  const exports = showsExports(me.permissions)
  const imports = showsImports(me.permissions)
  const oversight = showsOversight(me.permissions)
  if (
    ![
      shift,
      patients,
      medications,
      people,
      emergencies,
      accesses,
      manages,
      support,
      templates,
      exports,
      imports,
      oversight,
    ].some(Boolean)
  )
    return null
  const params = { context }
  return (
    <nav ref={nav} className={classes.nav} aria-label={t('people.nav')}>
      {shift && (
        <Link to="/c/$context/shift" params={params}>
          {t('people.navShift')}
        </Link>
      )}
      {patients && (
        <Link to={relative ? '/c/$context/family' : '/c/$context/patients'} params={params}>
          {t(me.kind === 'portal' ? 'patients.titleOwn' : 'patients.title')}
        </Link>
      )}
      {medications && (
        <Link to="/c/$context/medications" params={params}>
          {t('people.navMedications')}
        </Link>
      )}
      <Link to="/c/$context/" params={params} activeOptions={{ exact: true }}>
        {t(me.kind === 'portal' ? 'people.navAccess' : 'people.navHome')}
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
      {oversight && (
        <Link to="/c/$context/oversight" params={params}>
          {t('people.navOversight')}
        </Link>
      )}
      {emergencies && (
        <Link to="/c/$context/emergencies" params={params}>
          {t('emergencies.nav')}
        </Link>
      )}
      {templates && (
        <Link to="/c/$context/note-templates" params={params}>
          {t('notes.templates')}
        </Link>
      )}
      {manages && (
        <Link to="/c/$context/facilities" params={params}>
          {t('facilities.title')}
        </Link>
      )}
      {accesses && (
        <Link to="/c/$context/record-accesses" params={params}>
          {t('accesses.nav')}
        </Link>
      )}
      {exports && (
        <Link to="/c/$context/exports" params={params}>
          {t('exports.nav')}
        </Link>
      )}
      {imports && (
        <Link to="/c/$context/imports" params={params}>
          {t('exports.imports')}
        </Link>
      )}
      {support && (
        <Link to="/c/$context/support" params={params}>
          {t('support.nav')}
        </Link>
      )}
    </nav>
  )
}
