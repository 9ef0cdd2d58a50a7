import { Anchor, Button, Checkbox, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/errors'
import { type PlatformOrganization, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { faultAt } from './faults'
import { kindWords } from './OrganizationsPage'
import { SubscriptionSection } from './SubscriptionSection'
import { UsageSection } from './UsageSection'
import { useAbove } from './useAbove'

const route = getRouteApi('/signed-in/console/organizations/$slug')

export function OrganizationPage() {
  const { t } = useTranslation()
  const { slug } = route.useParams()
  const { data: one } = useSuspenseQuery(platformQueries.organization(slug))
  useTitle(t('platform.organizations'))
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/console" {...props} />}>
            ← {t('platform.backToOrganizations')}
          </Anchor>
        }
        title={one.settings.name}
        lead={t('platform.since', { when: when(one.created_at), kind: kindWords(one.kind) })}
      />
      <Settings key={slug} one={one} />
      <Section title={t('platform.sites', { count: one.facilities.length })}>
        <Rows>
          {one.facilities.map((site) => (
            <Row
              key={site.code}
              title={site.name}
              text={`${site.code}, ${site.time_zone.replaceAll('_', ' ')}`}
              action={
                <Chip kind={site.state === 'live' ? 'good' : 'plain'}>
                  {t(`platform.state_${site.state as 'live'}`)}
                </Chip>
              }
            />
          ))}
        </Rows>
      </Section>
      <SubscriptionSection key={`${slug} ${one.plan}`} one={one} />
      <UsageSection slug={slug} />
    </Stack>
  )
}

function Settings({ one }: { one: PlatformOrganization }) {
  const { t } = useTranslation()
  const { may } = useAbove()
  const cache = useQueryClient()
  const [base, setBase] = useState(one)
  const [draft, setDraft] = useState(one.settings)
  const [stale, setStale] = useState(false)
  const save = useMutation({
    mutationFn: () => platform.set(base.slug, base.version, draft),
    onSuccess: (saved) => {
      setStale(false)
      take(saved)
      return cache.invalidateQueries({ queryKey: platformQueries.organizations().queryKey })
    },
    onError: async (error) => {
      if (!(error instanceof ApiError && error.status === 412)) return
      setStale(true)
      take(await cache.fetchQuery({ ...platformQueries.organization(base.slug), staleTime: 0 }))
    },
  })
  function take(fresh: PlatformOrganization) {
    cache.setQueryData(platformQueries.organization(base.slug).queryKey, fresh)
    setBase(fresh)
    setDraft(fresh.settings)
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    save.mutate()
  }
  const fixed = !may('platform.organizations')
  const wrong = faultAt(save.error)
  const number = (value: string, factor: number) => Math.max(0, Math.round(Number(value) * factor) || 0)
  return (
    <Section title={t('platform.settings')} lead={t('platform.settingsLead')}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {save.isSuccess && <Notice kind="good">{t('platform.saved')}</Notice>}
          {stale && <Notice kind="warn">{t('platform.stale')}</Notice>}
          <TextInput
            label={t('platform.orgName')}
            value={draft.name}
            disabled={fixed}
            maxLength={200}
            error={wrong === 'name' && t('platform.fault_name')}
            onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
          />
          <div className={form.two}>
            <TextInput
              type="number"
              min={1}
              max={1440}
              label={t('platform.idleMinutes')}
              value={String(draft.idle_seconds / 60)}
              disabled={fixed}
              error={wrong === 'idle_seconds' && '1 – 1440'}
              onChange={(event) =>
                setDraft({ ...draft, idle_seconds: number(event.currentTarget.value, 60) })
              }
            />
            <TextInput
              type="number"
              min={1}
              max={720}
              label={t('platform.sessionHours')}
              value={String(draft.session_seconds / 3600)}
              disabled={fixed}
              error={wrong === 'session_seconds' && '1 – 720'}
              onChange={(event) =>
                setDraft({ ...draft, session_seconds: number(event.currentTarget.value, 3600) })
              }
            />
          </div>
          <Checkbox
            label={t('platform.portalSecondFactor')}
            checked={draft.portal_second_factor}
            disabled={fixed}
            onChange={(event) => setDraft({ ...draft, portal_second_factor: event.currentTarget.checked })}
          />
          {!wrong && !stale && <ProblemNotice error={save.error} />}
          <div className={form.buttons}>
            {fixed ? (
              t('platform.notYours')
            ) : (
              <Button type="submit" loading={save.isPending}>
                {t('platform.save')}
              </Button>
            )}
          </div>
        </Stack>
      </form>
    </Section>
  )
}
