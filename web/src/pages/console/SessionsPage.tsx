import { Button, Stack, Text } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import classes from './Console.module.css'
import { LookAgain } from './LookAgain'
import { useAbove } from './useAbove'

export function SessionsPage() {
  const { t } = useTranslation()
  const { may } = useAbove()
  const query = platformQueries.sessions()
  const { data } = useSuspenseQuery(query)
  const [leaving, setLeaving] = useState<string | null>(null)
  const [done, setDone] = useState<{ name: string; count: number } | null>(null)
  const mayEnd = may('platform.organizations')
  useTitle(t('platform.sessions'))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('platform.sessions')}
        lead={t('platform.sessionsLead')}
        actions={<LookAgain of={query.queryKey} />}
      />
      {done && <Notice kind="good">{t('platform.signedOut', done)}</Notice>}
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
                {mayEnd && <td />}
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
                  {mayEnd && (
                    <td data-number>
                      {it.organization && it.sessions + it.contexts > 0 && (
                        <Button
                          size="sm"
                          variant="default"
                          aria-label={t('platform.signOutAllOf', { name: it.organization })}
                          onClick={() => setLeaving(it.organization ?? null)}
                        >
                          {t('platform.signOutAll')}
                        </Button>
                      )}
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Section>
      {leaving && (
        <SignOut
          name={leaving}
          onClose={() => setLeaving(null)}
          onDone={(count) => {
            setDone({ name: leaving, count })
            setLeaving(null)
          }}
        />
      )}
    </Stack>
  )
}

interface SignOutProps {
  name: string
  onClose(): void
  onDone(count: number): void
}

/** Everyone of one organization has to sign in again. */
function SignOut({ name, onClose, onDone }: SignOutProps) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  async function signOut() {
    setBusy(true)
    setProblem(null)
    try {
      const { sessions } = await platform.signOut(name)
      await cache.invalidateQueries({ queryKey: platformQueries.sessions().queryKey })
      onDone(sessions)
    } catch (failed) {
      setProblem(failed)
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('platform.signOutReally', { name })} onClose={onClose}>
      <Stack gap="md">
        <Text>{t('platform.signOutText')}</Text>
        <ProblemNotice error={problem} />
        <div>
          <Button color="red" loading={busy} onClick={signOut}>
            {t('platform.signOutAllOf', { name })}
          </Button>
        </div>
      </Stack>
    </Dialog>
  )
}
