import { Stack, Text } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { exportQuery } from '@/api/exports'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { AskForm } from './AskForm'
import { ExportCard } from './ExportCard'

/** What came of an act. */
export type Said = 'asked' | 'cancelled' | 'discarded' | 'gone'

export function ExportsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const { data: exports } = useSuspenseQuery(exportQuery(context))
  const [said, setSaid] = useState<{ what: Said } | null>(null)
  const news = useRef<HTMLDivElement>(null)
  useTitle(t('exports.title'))
  // What was in focus went with the act.
  useEffect(() => {
    if (said) news.current?.focus()
  }, [said])

  async function finish(what: Said) {
    await cache.invalidateQueries({ queryKey: exportQuery(context).queryKey })
    setSaid({ what })
  }
  return (
    <Stack gap="lg">
      <PageHead title={t('exports.title')} lead={t('exports.lead')} />
      <div ref={news} tabIndex={-1} className={classes.news}>
        {said && (
          <Notice kind={said.what === 'gone' ? 'info' : 'good'}>{t(`exports.said_${said.what}`)}</Notice>
        )}
      </div>
      <AskForm onDone={finish} />
      {exports.length === 0 ? (
        <Text c="dimmed">{t('exports.none')}</Text>
      ) : (
        <ul className={classes.list} aria-label={t('exports.list')}>
          {exports.map((it) => (
            <li key={it.export}>
              <ExportCard it={it} onDone={finish} />
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}
