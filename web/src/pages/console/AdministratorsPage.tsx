import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, hasCode } from '@/api/errors'
import { type Administrator, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { when } from '@/texts/when'
import { CheckGroup } from '@/ui/CheckGroup'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { PersonIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { useAbove } from './useAbove'

const PERMISSIONS = [
  'platform.watch',
  'platform.organizations',
  'platform.plans',
  'platform.announce',
  'platform.support',
  'platform.administrators',
] as const

type Open = { kind: 'invite' } | { kind: 'change' | 'end'; who: Administrator } | null

export function AdministratorsPage() {
  const { t } = useTranslation()
  const { me, may } = useAbove()
  const { data } = useSuspenseQuery(platformQueries.administrators())
  const [open, setOpen] = useState<Open>(null)
  useTitle(t('platform.administrators'))
  const words = (key: string) => PERMISSIONS.find((it) => it === key)
  const mine = may('platform.administrators')
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        title={t('platform.administrators')}
        lead={t('platform.administratorsLead')}
        actions={mine && <Button onClick={() => setOpen({ kind: 'invite' })}>{t('platform.invite')}</Button>}
      />
      <Section title={t('platform.administrators')}>
        <Rows>
          {data.administrators.map((who) => (
            <Row
              key={who.administrator}
              icon={<PersonIcon />}
              title={
                <>
                  {who.name} {who.administrator === me.administrator && <Chip>{t('platform.you')}</Chip>}{' '}
                  {!who.arrived && <Chip kind="warn">{t('platform.waiting')}</Chip>}
                </>
              }
              text={
                <>
                  {when(who.since)}.{' '}
                  {who.permissions
                    .map((key) => {
                      const known = words(key)
                      return known ? t(`platform.${known}`) : key
                    })
                    .join('; ')}
                  {mine && (
                    <Group gap="xs" mt="xs">
                      <Button
                        variant="default"
                        size="sm"
                        aria-label={`${t('platform.change')}: ${who.name}`}
                        onClick={() => setOpen({ kind: 'change', who })}
                      >
                        {t('platform.change')}
                      </Button>
                      <Button
                        variant="default"
                        size="sm"
                        aria-label={`${t('platform.end')}: ${who.name}`}
                        onClick={() => setOpen({ kind: 'end', who })}
                      >
                        {t('platform.end')}
                      </Button>
                    </Group>
                  )}
                </>
              }
            />
          ))}
        </Rows>
      </Section>
      {open?.kind === 'end' && <End who={open.who} onClose={() => setOpen(null)} />}
      {open?.kind === 'invite' && <Edit onClose={() => setOpen(null)} />}
      {open?.kind === 'change' && <Edit who={open.who} onClose={() => setOpen(null)} />}
    </Stack>
  )
}

function Problem({ error }: { error: unknown }) {
  const { t } = useTranslation()
  if (error instanceof ApiError && error.status === 412)
    return <Notice kind="warn">{t('platform.stale')}</Notice>
  if (error instanceof ApiError && error.status === 403 && !hasCode(error, 'step-up-required'))
    return <Notice kind="bad">{t('platform.beyond')}</Notice>
  return <ProblemNotice error={error} instead={{ 'last-administrator': t('platform.lastAdministrator') }} />
}

/** Does it, looks at everyone anew, and closes. */
function useAct(act: () => Promise<unknown>, onClose: () => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['platform'] })
      onClose()
    },
    onError: () => cache.invalidateQueries({ queryKey: platformQueries.administrators().queryKey }),
  })
}

function End({ who, onClose }: { who: Administrator; onClose(): void }) {
  const { t } = useTranslation()
  const end = useAct(() => platform.endAdministrator(who.administrator, who.version), onClose)
  return (
    <Dialog title={t('platform.end')} onClose={onClose}>
      <Stack>
        <Text>{t('platform.endSure', { name: who.name })}</Text>
        <Problem error={end.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button color="red" loading={end.isPending} onClick={() => end.mutate()}>
            {t('platform.end')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}

/** Nobody gives what they do not have. */
function Edit({ who, onClose }: { who?: Administrator; onClose(): void }) {
  const { t } = useTranslation()
  const { may } = useAbove()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [held, setHeld] = useState(() => new Set(who?.permissions ?? ['platform.watch']))
  const [missing, setMissing] = useState<string | null>(null)
  const save = useAct(
    () =>
      who
        ? platform.changeAdministrator(who.administrator, who.version, [...held])
        : platform.invite({ email: email.trim(), name, permissions: [...held] }),
    onClose,
  )
  function submit(event: FormEvent) {
    event.preventDefault()
    const fault =
      !who && !name.trim()
        ? 'name'
        : !who && !/^\S+@\S+$/.test(email.trim())
          ? 'email'
          : held.size === 0
            ? 'permissions'
            : null
    setMissing(fault)
    if (!fault) save.mutate()
  }
  return (
    <Dialog title={who ? who.name : t('platform.invite')} onClose={onClose} wide>
      <form onSubmit={submit} noValidate>
        <Stack>
          {!who && (
            <div className={form.two}>
              <TextInput
                label={t('platform.orgName')}
                maxLength={100}
                value={name}
                error={missing === 'name' && t('platform.fault_title')}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <TextInput
                label={t('common.email')}
                type="email"
                value={email}
                error={missing === 'email' && t('platform.fault_email')}
                onChange={(event) => setEmail(event.currentTarget.value)}
              />
            </div>
          )}
          <CheckGroup
            label={t('platform.may')}
            error={missing === 'permissions' && t('platform.fault_permissions')}
            groups={[
              {
                checks: PERMISSIONS.map((key) => ({
                  key,
                  label: t(`platform.${key}`),
                  fixed: !may(key) && !held.has(key),
                })),
              },
            ]}
            value={held}
            onChange={setHeld}
          />
          <Problem error={save.error} />
          <div className={form.buttons}>
            <Button type="submit" loading={save.isPending}>
              {who ? t('platform.save') : t('platform.invite')}
            </Button>
          </div>
        </Stack>
      </form>
    </Dialog>
  )
}
