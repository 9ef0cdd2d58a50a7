import { NativeSelect, TextInput } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Tie } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { byArea, PERMISSIONS, permissionWords } from '@/texts/words'
import { CheckGroup } from '@/ui/CheckGroup'
import type { RoleDraft } from './roleDraft'

export const ROLE_FIELDS = ['title', 'tie', 'permissions', 'role_key', 'kind', 'hidden'] as const
export type RoleField = (typeof ROLE_FIELDS)[number]

const TIES: readonly Tie[] = ['care-team', 'client', 'referral', 'family', 'self']

interface Props {
  draft: RoleDraft
  onChange(draft: RoleDraft): void
  /** What the role has already, which it may keep. */
  had?: readonly string[]
  hadNoTie?: boolean
  wrong: RoleField | null
}

/** What a role says. What its author does not have, no role gets from them. */
export function RoleFields({ draft, onChange, had = [], hadNoTie = false, wrong }: Props) {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const { data } = useSuspenseQuery(contextQueries(context).people())
  const mine = data.people.find((it) => it.membership === me.membership)
  const bound = mine?.effective.by_relationship === true && !hadNoTie
  const set = (some: Partial<RoleDraft>) => onChange({ ...draft, ...some })
  const fault = (field: RoleField) => (wrong === field ? t(`roles.fault_${field}`) : undefined)
  const known = [...PERMISSIONS, ...had.filter((key) => !PERMISSIONS.includes(key))]
  const check = (key: string) => {
    const beyond = !may(key) && !had.includes(key)
    return {
      key,
      label: permissionWords(key),
      fixed: beyond,
      note: beyond ? t('roles.notYours') : undefined,
    }
  }
  return (
    <>
      <div className={classes.two}>
        <TextInput
          label={t('roles.roleTitle')}
          maxLength={100}
          autoComplete="off"
          value={draft.title}
          error={fault('title')}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <NativeSelect
          size="md"
          label={t('roles.tie')}
          description={bound ? t('roles.boundYourself') : t('roles.tieLead')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={draft.tie ?? ''}
          error={fault('tie')}
          onChange={(event) => {
            const tie = event.currentTarget.value
            set({ tie: TIES.find((it) => it === tie) ?? null })
          }}
          data={[
            { value: '', label: t('roles.tie_none'), disabled: bound },
            ...TIES.map((tie) => ({ value: tie, label: t(`roles.tie_${tie}`) })),
          ]}
        />
      </div>
      <CheckGroup
        label={t('roles.may')}
        hint={t('roles.mayHint')}
        error={fault('permissions')}
        groups={byArea(known).map(({ area, keys }) => ({ title: area, checks: keys.map(check) }))}
        value={draft.permissions}
        onChange={(permissions) => set({ permissions })}
      />
    </>
  )
}

/** What of the draft is not as it should be, before anybody is asked for proof. */
export function faultOf(draft: RoleDraft): RoleField | null {
  const title = draft.title.trim()
  return title === '' || title.length > 100 ? 'title' : null
}
