import { Stack, Text } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries, personQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { kinds, type Said } from './acting'
import { EmergencyCard } from './EmergencyCard'

/** The most that the server gives. */
const MOST = 200

export function EmergenciesPage() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const cache = useQueryClient()
  const { data: emergencies } = useSuspenseQuery(contextQueries(context).emergencies())
  const { data: all } = useSuspenseQuery(personQueries.contexts())
  const [said, setSaid] = useState<Said | null>(null)
  const news = useRef<HTMLDivElement>(null)
  useTitle(t('emergencies.title'))
  // What was in focus went with the act.
  useEffect(() => {
    if (said) news.current?.focus()
  }, [said])

  const reviews = may('emergency.review')
  const waiting = emergencies.filter((it) => !it.review).length
  const posts = all.memberships.filter((it) => it.organization.slug === me.organization.slug)
  const own = new Set([me.membership, ...posts.map((it) => it.membership)])
  async function finish(what: Said) {
    await cache.invalidateQueries({ queryKey: contextQueries(context).emergencies().queryKey })
    setSaid(what)
  }
  return (
    <Stack gap="lg">
      <PageHead
        title={t('emergencies.title')}
        lead={
          <>
            {t(reviews ? 'emergencies.lead' : 'emergencies.leadOwn')}{' '}
            {emergencies.length > 0 && t('emergencies.waiting', { count: waiting })}
          </>
        }
      />
      <div ref={news} tabIndex={-1} className={classes.news}>
        {said && (
          <Notice kind={kinds[said.how]}>
            {t(`emergencies.said_${said.how}`, { name: said.name })}
            {said.unsaved && (
              <>
                {' '}
                {t('emergencies.unsaved')}
                <blockquote className={classes.words}>{said.unsaved}</blockquote>
              </>
            )}
          </Notice>
        )}
      </div>
      {emergencies.length === 0 ? (
        <Text c="dimmed">{t(reviews ? 'emergencies.none' : 'emergencies.noneOwn')}</Text>
      ) : (
        <ul className={classes.list} aria-label={t('emergencies.list')}>
          {emergencies.map((emergency) => (
            <li key={emergency.emergency}>
              <EmergencyCard emergency={emergency} own={own} onDone={finish} />
            </li>
          ))}
        </ul>
      )}
      {emergencies.length >= MOST && <Text c="dimmed">{t('emergencies.most', { count: MOST })}</Text>}
    </Stack>
  )
}
