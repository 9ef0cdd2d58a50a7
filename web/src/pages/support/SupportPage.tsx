import { Stack, Text } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { type Said, SupportCard } from './SupportCard'

/** The most that the server gives. */
const MOST = 200

export function SupportPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(contextQueries(context).support())
  const [said, setSaid] = useState<Said | null>(null)
  const news = useRef<HTMLDivElement>(null)
  useTitle(t('support.title'))
  // What was in focus went with the act.
  useEffect(() => {
    if (said) news.current?.focus()
  }, [said])

  async function finish(what: Said) {
    await cache.invalidateQueries({ queryKey: contextQueries(context).support().queryKey })
    setSaid(what)
  }
  return (
    <Stack gap="lg">
      <PageHead title={t('support.title')} lead={t('support.lead')} />
      <div ref={news} tabIndex={-1} className={classes.news}>
        {said && (
          <Notice kind={said.how === 'gone' ? 'info' : 'good'}>
            {t(`support.said_${said.how}`, { name: said.name })}
          </Notice>
        )}
      </div>
      {data.requests.length === 0 ? (
        <Text c="dimmed">{t('support.none')}</Text>
      ) : (
        <ul className={classes.list} aria-label={t('support.list')}>
          {data.requests.map((request) => (
            <li key={request.request}>
              <SupportCard request={request} onDone={finish} />
            </li>
          ))}
        </ul>
      )}
      {data.requests.length >= MOST && <Text c="dimmed">{t('support.most', { count: MOST })}</Text>}
    </Stack>
  )
}
