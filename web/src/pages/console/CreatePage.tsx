import { Anchor, Button, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { NotFoundPage } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { keyOf } from '@/pages/roles/AddRolePage'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import { faultAt } from './faults'
import { useAbove } from './useAbove'

const KITS = ['clinic', 'senior-care', 'behavioral-health', 'home-care'] as const
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const zones = () => Intl.supportedValuesOf('timeZone')
const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone

export function CreatePage() {
  return useAbove().may('platform.organizations') ? <Create /> : <NotFoundPage />
}

const empty = { name: '', site: '', administrator: '', email: '' }
type Field = 'name' | 'slug' | 'facility.name' | 'facility.code' | 'facility.time_zone' | 'plan'
type Wrong = Field | 'slugTaken' | 'administrator.name' | 'email' | null

/** Four things are typed; the rest is proposed. */
function Create() {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const router = useRouter()
  const { data } = useSuspenseQuery(platformQueries.plans())
  const sold = data.plans.filter((it) => it.plan.on_sale)
  const [draft, setDraft] = useState(empty)
  const [slug, setSlug] = useState<string | null>(null)
  const [code, setCode] = useState<string | null>(null)
  const [zone, setZone] = useState(here)
  const [kit, setKit] = useState<string>('clinic')
  const [plan, setPlan] = useState(sold[0]?.key ?? '')
  const [missing, setMissing] = useState<Wrong>(null)
  useTitle(t('platform.create'))
  const address = slug ?? keyOf(draft.name)
  const short = code ?? keyOf(draft.site)

  const create = useMutation({
    mutationFn: () =>
      platform.create({
        slug: address,
        name: draft.name,
        kit,
        plan,
        facility: { code: short, name: draft.site, time_zone: zone },
        administrator: { email: draft.email.trim(), name: draft.administrator },
      }),
    onSuccess: async (made) => {
      cache.setQueryData(platformQueries.organization(made.slug).queryKey, made)
      await cache.invalidateQueries({ queryKey: platformQueries.organizations().queryKey })
      await router.navigate({ to: '/console/organizations/$slug', params: { slug: made.slug } })
    },
  })
  function fault(): Wrong {
    if (!draft.name.trim()) return 'name'
    if (!LABEL.test(address)) return 'slug'
    if (!draft.site.trim()) return 'facility.name'
    if (!LABEL.test(short)) return 'facility.code'
    if (!zones().includes(zone) && zone !== 'UTC') return 'facility.time_zone'
    if (!draft.administrator.trim()) return 'administrator.name'
    return /^\S+@\S+$/.test(draft.email.trim()) ? null : 'email'
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    const found = fault()
    setMissing(found)
    if (!found) create.mutate()
  }
  const wrong = missing ?? faultAt(create.error) ?? null
  const at = (field: Exclude<Wrong, null>, says: string) => (wrong === field ? says : undefined)
  const known = ['name', 'slug', 'slugTaken', 'plan', 'kit', 'email', 'administrator.name']
  const told = wrong !== null && (known.includes(wrong) || wrong.startsWith('facility.'))
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/console" {...props} />}>
            ← {t('platform.backToOrganizations')}
          </Anchor>
        }
        title={t('platform.create')}
        lead={t('platform.createLead')}
      />
      <form onSubmit={submit} noValidate>
        <Stack gap="lg">
          <div className={form.panel}>
            <div className={form.two}>
              <TextInput
                label={t('platform.orgName')}
                autoComplete="off"
                maxLength={200}
                value={draft.name}
                error={at('name', t('platform.fault_name'))}
                onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
              />
              <TextInput
                label={t('platform.slug')}
                description={t('platform.slugHint')}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={63}
                value={address}
                error={at('slug', t('platform.fault_slug')) ?? at('slugTaken', t('platform.fault_slugTaken'))}
                onChange={(event) => setSlug(event.currentTarget.value)}
              />
              <NativeSelect
                size="md"
                label={t('platform.kit')}
                value={kit}
                data={KITS.map((key) => ({ value: key, label: t(`platform.kit_${key}`) }))}
                onChange={(event) => setKit(event.currentTarget.value)}
              />
              <NativeSelect
                size="md"
                label={t('platform.plan')}
                value={plan}
                error={at('plan', t('platform.fault_plan'))}
                data={sold.map((it) => ({ value: it.key, label: it.plan.title }))}
                onChange={(event) => setPlan(event.currentTarget.value)}
              />
            </div>
          </div>
          <Section title={t('platform.siteTitle')}>
            <div className={form.two}>
              <TextInput
                label={t('platform.siteName')}
                autoComplete="off"
                maxLength={200}
                value={draft.site}
                error={at('facility.name', t('platform.fault_name'))}
                onChange={(event) => setDraft({ ...draft, site: event.currentTarget.value })}
              />
              <TextInput
                label={t('platform.siteCode')}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={63}
                value={short}
                error={at('facility.code', t('platform.fault_code'))}
                onChange={(event) => setCode(event.currentTarget.value)}
              />
              <TextInput
                label={t('platform.timeZone')}
                description={t('platform.timeZoneHint')}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                list="time-zones"
                autoComplete="off"
                spellCheck={false}
                value={zone}
                error={at('facility.time_zone', t('platform.fault_time_zone'))}
                onChange={(event) => setZone(event.currentTarget.value)}
              />
              <datalist id="time-zones">
                {zones().map((it) => (
                  <option key={it} value={it} />
                ))}
              </datalist>
            </div>
          </Section>
          <Section title={t('platform.administratorTitle')}>
            <div className={form.two}>
              <TextInput
                label={t('platform.administratorName')}
                autoComplete="off"
                maxLength={100}
                value={draft.administrator}
                error={at('administrator.name', t('platform.fault_name'))}
                onChange={(event) => setDraft({ ...draft, administrator: event.currentTarget.value })}
              />
              <TextInput
                label={t('platform.administratorEmail')}
                type="email"
                autoComplete="off"
                value={draft.email}
                error={at('email', t('platform.fault_email'))}
                onChange={(event) => setDraft({ ...draft, email: event.currentTarget.value })}
              />
            </div>
          </Section>
          {!told && <ProblemNotice error={create.error} />}
          <div className={form.buttons}>
            <Button type="submit" loading={create.isPending}>
              {t('platform.create')}
            </Button>
          </div>
        </Stack>
      </form>
    </Stack>
  )
}
