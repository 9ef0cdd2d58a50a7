import { Stack } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { platformQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import classes from './Console.module.css'
import { LookAgain } from './LookAgain'

export function SessionsPage() {
  const { t } = useTranslation()
  const query = platformQueries.sessions()
  const { data } = useSuspenseQuery(query)
  useTitle(t('platform.sessions'))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('platform.sessions')}
        lead={t('platform.sessionsLead')}
        actions={<LookAgain of={query.queryKey} />}
      />
      <Section title={t('platform.organizations')}>
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th>{t('platform.organization')}</th>
                <th data-number>{t('platform.openSessions')}</th>
                <th data-number>{t('platform.openContexts')}</th>
                <th data-number>{t('platform.activeNow')}</th>
                <th data-number>{t('platform.refusals')}</th>
                <th data-number>{t('platform.locked')}</th>
              </tr>
            </thead>
            <tbody>
              {data.organizations.map((it) => (
                <tr key={it.organization ?? ''}>
                  <th scope="row">{it.organization ?? t('platform.installation')}</th>
                  <td data-number>{it.sessions}</td>
                  <td data-number>{it.contexts}</td>
                  <td data-number>{it.active}</td>
                  <td data-number>{it.refusals}</td>
                  <td data-number>{it.locked}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Section>
    </Stack>
  )
}
