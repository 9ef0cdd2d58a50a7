import { Button, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import { NotFoundPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { faultyField, GrantProblem } from '@/pages/people/faults'
import { PageHead } from '@/ui/PageHead'
import { BackToRoles } from './BackToRoles'
import { faultOf, ROLE_FIELDS, type RoleField, RoleFields } from './RoleFields'
import { bodyOf, type RoleDraft } from './roleDraft'

const KEY = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** A short name from a title, as a proposal. */
export const keyOf = (title: string) =>
  title
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')

export function AddRolePage() {
  return useMe().may('roles.edit') ? <AddRole /> : <NotFoundPage />
}

function AddRole() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const router = useRouter()
  const [draft, setDraft] = useState<RoleDraft>({
    title: '',
    kind: 'staff',
    tie: null,
    permissions: new Set(),
  })
  const [typed, setTyped] = useState<string | null>(null)
  const [missing, setMissing] = useState<RoleField | null>(null)
  useTitle(t('roles.add'))
  const key = typed ?? keyOf(draft.title)

  const add = useMutation({
    mutationFn: () => inContext(context).addRole(key, bodyOf(draft, [])),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: contextQueries(context).roles().queryKey })
      await router.navigate({ to: '/c/$context/roles', params: { context } })
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    const fault = faultOf(draft) ?? (KEY.test(key) ? null : 'role_key')
    setMissing(fault)
    if (!fault) add.mutate()
  }
  const wrong = missing ?? ROLE_FIELDS.find((it) => it === faultyField(add.error)) ?? null
  return (
    <Stack gap="lg" className={classes.page}>
      <PageHead back={<BackToRoles />} title={t('roles.add')} />
      <form onSubmit={submit} noValidate>
        <div className={classes.panel}>
          <RoleFields draft={draft} onChange={setDraft} wrong={wrong} />
          <div className={classes.two}>
            <TextInput
              label={t('roles.roleKey')}
              description={t('roles.roleKeyHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={63}
              value={key}
              error={wrong === 'role_key' ? t('roles.fault_role_key') : undefined}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <NativeSelect
              size="md"
              label={t('roles.kind')}
              value={draft.kind}
              onChange={(event) =>
                setDraft({ ...draft, kind: event.currentTarget.value === 'portal' ? 'portal' : 'staff' })
              }
              data={(['staff', 'portal'] as const).map((kind) => ({
                value: kind,
                label: t(`roles.kind_${kind}`),
              }))}
            />
          </div>
          <GrantProblem error={add.error} fields={ROLE_FIELDS} />
          <div className={classes.buttons}>
            <Button type="submit" loading={add.isPending}>
              {t('roles.create')}
            </Button>
          </div>
        </div>
      </form>
    </Stack>
  )
}
