import { Anchor, Button, List, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { Role } from '@/api/types'
import { NotFoundPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { permissionWords } from '@/texts/words'
import { CheckGroup } from '@/ui/CheckGroup'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import { BackToPeople } from './BackToPeople'
import { dayOf, endOfDay } from './draft'
import classes from './Form.module.css'
import { faultyField, GrantProblem } from './faults'

const FIELDS = ['email', 'name', 'role_key', 'facilities', 'ends_at', 'denied', 'role'] as const
type Field = (typeof FIELDS)[number]

export function InvitePage() {
  return useMe().may('people.invite') ? <Invite /> : <NotFoundPage />
}

function Invite() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const cache = useQueryClient()
  const router = useRouter()
  const { data: roles } = useSuspenseQuery(contextQueries(context).roles())
  const { data: people } = useSuspenseQuery(contextQueries(context).people())
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [key, setKey] = useState('')
  const [facilities, setFacilities] = useState<ReadonlySet<string>>(
    new Set(me.facilities.length === 1 ? me.facilities.map((it) => it.code) : []),
  )
  const [ends, setEnds] = useState('')
  const [missing, setMissing] = useState<Field | null>(null)
  useTitle(t('people.inviteTitle'))

  const bound = people.people.find((it) => it.membership === me.membership)?.effective.by_relationship
  const beyond = (role: Role) => !role.permissions.every(may) || (bound === true && role.tie === null)
  const role = roles.roles.find((it) => it.role_key === key)
  const invite = useMutation({
    mutationFn: () =>
      inContext(context).invite({
        email: email.trim(),
        name: name.trim(),
        role_key: key,
        facilities: [...facilities],
        denied: [],
        ...(ends && { ends_at: endOfDay(ends) }),
      }),
    onSuccess: async ({ membership }) => {
      await cache.invalidateQueries({ queryKey: contextQueries(context).people().queryKey })
      await router.navigate({
        to: '/c/$context/people/$membership',
        params: { context, membership: String(membership) },
        search: { said: 'invited' },
      })
    },
  })
  // Asked before the proof is: nobody proves who they are for a form that is not filled in.
  function check(): Field | null {
    if (name.trim() === '' || name.trim().length > 100) return 'name'
    if (!/^\S+@\S+\.\S+$/.test(email.trim())) return 'email'
    if (!role) return 'role_key'
    if (ends && ends < dayOf(new Date().toISOString())) return 'ends_at'
    return null
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    const found = check()
    setMissing(found)
    if (!found) invite.mutate()
  }
  const wrong = missing ?? faultyField(invite.error)
  const fault = (field: Field) => (wrong === field ? t(`people.fault_${field}`) : undefined)

  return (
    <Stack gap="lg" className={classes.page}>
      <PageHead back={<BackToPeople />} title={t('people.inviteTitle')} lead={t('people.inviteLead')} />
      {!roles.roles.some((it) => !beyond(it)) && (
        <Notice kind="warn">
          {t('people.rolesNone')}{' '}
          {may('roles.edit') && (
            <Anchor
              renderRoot={(props) => <Link to="/c/$context/add-role" params={{ context }} {...props} />}
            >
              {t('people.rolesNoneAdd')}
            </Anchor>
          )}
        </Notice>
      )}
      <form onSubmit={submit} noValidate>
        <div className={classes.panel}>
          <div className={classes.two}>
            <TextInput
              label={t('people.name')}
              autoComplete="off"
              maxLength={100}
              value={name}
              error={fault('name')}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label={t('common.email')}
              type="email"
              inputMode="email"
              autoComplete="off"
              value={email}
              error={fault('email')}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <NativeSelect
              size="md"
              label={t('people.role')}
              value={key}
              error={fault('role_key')}
              onChange={(event) => setKey(event.currentTarget.value)}
              data={[
                { value: '', label: t('people.rolePick') },
                ...roles.roles.map((it) => ({
                  value: it.role_key,
                  label: beyond(it) ? t('people.roleBeyond', { role: it.title }) : it.title,
                  disabled: beyond(it),
                })),
              ]}
            />
            <TextInput
              label={t('people.endsOn')}
              description={t('people.endsHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              type="date"
              value={ends}
              error={fault('ends_at')}
              onChange={(event) => setEnds(event.currentTarget.value)}
            />
          </div>
          {role && <RoleWords role={role} />}
          <CheckGroup
            label={t('people.facilities')}
            hint={facilities.size === 0 ? t('people.facilitiesNone') : t('people.facilitiesHint')}
            error={fault('facilities')}
            groups={[{ checks: me.facilities.map((it) => ({ key: it.code, label: it.name })) }]}
            value={facilities}
            onChange={setFacilities}
          />
          <GrantProblem error={invite.error} fields={FIELDS} />
          <div>
            <Button type="submit" loading={invite.isPending}>
              {t('people.sendInvitation')}
            </Button>
          </div>
        </div>
      </form>
    </Stack>
  )
}

/** What a role may do, in words, before it is given. */
function RoleWords({ role }: { role: Role }) {
  const { t } = useTranslation()
  return (
    <Section title={role.title} lead={t(`roles.tie_${role.tie ?? 'none'}`)}>
      {role.permissions.length === 0 ? (
        <Text>{t('people.mayNothing', { role: role.title })}</Text>
      ) : (
        <div>
          <Text mb={6}>{t('people.mayTitle', { role: role.title })}</Text>
          <List spacing={4}>
            {role.permissions.map((it) => (
              <List.Item key={it}>{permissionWords(it)}</List.Item>
            ))}
          </List>
        </div>
      )}
    </Section>
  )
}
