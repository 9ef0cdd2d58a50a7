import { Anchor } from '@mantine/core'
import { useQueries, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries, rememberPatient } from '@/api/chartQueries'
import type { Type } from '@/api/fhirTypes'
import { http } from '@/api/http'
import { useTitle } from '@/app/useTitle'
import { useVisit } from '@/pages/context/useVisit'
import { Banner } from './Banner'
import classes from './ChartLayout.module.css'
import { NEEDS, queryOf, SECTION_KEYS, SECTIONS, type SectionKey, standsAlone } from './sections'
import { useChart } from './useChart'

const RestrictedBar = lazy(() =>
  import('@/pages/erasures/RestrictedBar').then((it) => ({ default: it.RestrictedBar })),
)

/** The chart of one patient: the banner, the sections there are for this post, and one of them. */
export function ChartLayout() {
  const { t } = useTranslation()
  const { context, id, patient } = useChart()
  const client = useQueryClient()
  const sections = useSections()
  const { section, draft } = useParams({ strict: false })
  const content = useRef<HTMLDivElement>(null)
  const nav = useRef<HTMLElement>(null)
  const shown = useRef(section)
  const visit = useVisit()
  // Never anybody's name: it would stand in the browser's history.
  useTitle(t('chart.documentTitle'))
  useEffect(() => void rememberPatient(client, context, patient), [client, context, patient])
  useEffect(() => {
    nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    if (shown.current === section) return
    shown.current = section
    content.current?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [section])
  const params = { context, patient: id }
  return (
    <div data-wide>
      {http.legal.has(id) && (
        <Suspense>
          <RestrictedBar />
        </Suspense>
      )}
      <Banner />
      <div className={classes.body} data-writing={draft !== undefined || undefined}>
        <nav className={classes.nav} aria-label={t('chart.sections')} ref={nav}>
          <Link to="/c/$context/patients/$patient" params={params} activeOptions={{ exact: true }}>
            {t('chart.section_overview')}
          </Link>
          {sections.map((key) => (
            <Link key={key} to="/c/$context/patients/$patient/$section" params={{ ...params, section: key }}>
              {t(`chart.section_${key}`)}
            </Link>
          ))}
        </nav>
        <div className={classes.content} ref={content}>
          {visit.patient === id && (
            <p className={classes.back} data-noprint>
              <Anchor renderRoot={(props) => <Link to="/c/$context/shift" params={{ context }} {...props} />}>
                ← {t('chart.backToShift')}
              </Anchor>
            </p>
          )}
          <Outlet />
        </div>
      </div>
    </div>
  )
}

/** The sections of which something may be seen: by the server's description, and by what it answered so far. */
function useSections(): SectionKey[] {
  const { context, id, me } = useChart()
  const { data: types } = useSuspenseQuery(chartQueries(context).types())
  const answers = useQueries({
    queries: NEEDS.map((need) => ({ ...queryOf(context, id, need), enabled: false })),
  })
  const refused = new Set(NEEDS.filter((_, i) => answers[i]?.data === null).map(([type]) => type))
  const isSeen = ([type]: readonly [Type, ...unknown[]]) => types.has(type) && !refused.has(type)
  return SECTION_KEYS.filter((key) => standsAlone(key, me, types) || SECTIONS[key].some(isSeen))
}
