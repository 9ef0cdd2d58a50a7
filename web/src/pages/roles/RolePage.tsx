import { Button, List, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { Role } from '@/api/types'
import { NotFoundPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { faultyField, GrantProblem, isStale } from '@/pages/people/faults'
import { byArea, permissionWords } from '@/texts/words'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import { BackToRoles } from './BackToRoles'
import { ConfirmRole } from './ConfirmRole'
import { faultOf, ROLE_FIELDS, type RoleField, RoleFields } from './RoleFields'
import { bodyOf, draftOfRole, type RoleDraft, rebasedRole } from './roleDraft'

const route = getRouteApi('/signed-in/c/$context/people/roles/$role')

export function RolePage() {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const { role: key } = route.useParams()
  const { data } = useSuspenseQuery(contextQueries(context).roles())
  const role = data.roles.find((it) => it.role_key === key)
  useTitle(t('roles.title'))
  if (!role) return <NotFoundPage />
  return (
    <Stack gap="lg" className={classes.page}>
      <PageHead back={<BackToRoles />} title={role.title} lead={t('roles.posts', { count: role.posts })} />
      {may('roles.edit') ? <EditRole key={key} role={role} /> : <ReadRole role={role} />}
    </Stack>
  )
}

function ReadRole({ role }: { role: Role }) {
  const { t } = useTranslation()
  return (
    <Section title={t('roles.may')} lead={t(`roles.tie_${role.tie ?? 'none'}`)}>
      {byArea(role.permissions).map(({ area, keys }) => (
        <div key={area}>
          <Text fw={600}>{area}</Text>
          <List spacing={4}>
            {keys.map((key) => (
              <List.Item key={key}>{permissionWords(key)}</List.Item>
            ))}
          </List>
        </div>
      ))}
      <Text c="dimmed">{t('roles.readOnly')}</Text>
    </Section>
  )
}

/** A change of a role. It starts from the version that was on the page, and says so. */
function EditRole({ role }: { role: Role }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const [base, setBase] = useState(role)
  const [draft, setDraft] = useState<RoleDraft>(() => draftOfRole(role))
  const [missing, setMissing] = useState<RoleField | null>(null)
  const [stale, setStale] = useState(false)
  const [asking, setAsking] = useState(false)

  const save = useMutation({
    mutationFn: () => inContext(context).changeRole(base.role_key, base.version, bodyOf(draft, base.hidden)),
    onSuccess: async () => {
      setStale(false)
      setAsking(false)
      await cache.invalidateQueries({ queryKey: contextQueries(context).people().queryKey })
      await renewed(draft)
    },
    onError: async (error) => {
      if (faultyField(error)) setAsking(false)
      if (!isStale(error)) return
      setAsking(false)
      setStale(true)
      await renewed()
    },
  })
  /** Starts from the role as it now is; with what was typed unless that is what was saved. */
  async function renewed(saved?: RoleDraft) {
    const { roles } = await cache.fetchQuery({ ...contextQueries(context).roles(), staleTime: 0 })
    const fresh = roles.find((it) => it.role_key === base.role_key)
    if (!fresh) return
    setDraft(saved ? draftOfRole(fresh) : rebasedRole(draft, base, fresh))
    setBase(fresh)
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    const fault = faultOf(draft)
    setMissing(fault)
    if (fault) return
    save.reset()
    if (base.posts > 0) setAsking(true)
    else save.mutate()
  }
  const wrong = missing ?? ROLE_FIELDS.find((it) => it === faultyField(save.error)) ?? null
  return (
    <form onSubmit={submit} noValidate>
      <div className={classes.panel}>
        {save.isSuccess && <Notice kind="good">{t('roles.saved')}</Notice>}
        {stale && <StaleRole now={base} />}
        <RoleFields
          draft={draft}
          onChange={(next) => {
            setDraft(next)
            if (save.isSuccess) save.reset()
          }}
          had={base.permissions}
          hadNoTie={base.tie === null}
          wrong={wrong}
        />
        {base.hidden.length > 0 && (
          <Text size="sm" c="dimmed">
            {t('roles.hidden')} {base.hidden.join(', ')}
          </Text>
        )}
        {!asking && !isStale(save.error) && <GrantProblem error={save.error} fields={ROLE_FIELDS} />}
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending && !asking}>
            {t('roles.save')}
          </Button>
        </div>
      </div>
      {asking && (
        <ConfirmRole
          role={base}
          draft={draft}
          saving={save.isPending}
          error={save.error}
          onSave={() => save.mutate()}
          onCancel={() => setAsking(false)}
        />
      )}
    </form>
  )
}

function StaleRole({ now }: { now: Role }) {
  const { t } = useTranslation()
  const says = t('roles.staleNow', {
    title: now.title,
    tie: t(`roles.tie_${now.tie ?? 'none'}`),
    may: now.permissions.map(permissionWords).join('; ') || t('roles.staleNothing'),
  })
  return (
    <Notice kind="warn">
      <strong>{t('roles.staleTitle')}</strong> {t('roles.stale', { now: says })}
    </Notice>
  )
}
