import { Button, Checkbox, TextInput, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { OrganizationView } from '@/api/types'
import { useContextId } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { faultyField, GrantProblem, isStale } from '@/pages/people/faults'
import { Notice } from '@/ui/Notice'

const FIELDS = ['name', 'accent', 'idle_seconds', 'session_seconds'] as const
type Field = (typeof FIELDS)[number]

/** How the organization presents itself and how people sign in. */
export function OrganizationSettings({ settings }: { settings: OrganizationView }) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
  const [draft, setDraft] = useState({
    name: settings.name,
    accent: settings.accent,
    idle_seconds: String(settings.idle_seconds / 60),
    session_seconds: String(settings.session_seconds / 3600),
    portal_second_factor: settings.portal_second_factor,
  })
  const save = useMutation({
    mutationFn: () =>
      inContext(context).changeOrganization(settings.version, {
        ...draft,
        idle_seconds: Math.round(Number(draft.idle_seconds) * 60) || 0,
        session_seconds: Math.round(Number(draft.session_seconds) * 3600) || 0,
      }),
    onSettled: () => cache.invalidateQueries({ queryKey: contextQueries(context).organization().queryKey }),
  })
  const wrong = FIELDS.find((it) => it === faultyField(save.error))
  const input = (name: Field, label: string, hint?: string) => (
    <TextInput
      label={label}
      description={hint}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      autoComplete="off"
      inputMode={name.endsWith('seconds') ? 'decimal' : undefined}
      maxLength={200}
      value={draft[name]}
      error={wrong === name ? t(`facilities.fault_${name}`) : undefined}
      onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
    />
  )
  function submit(event: FormEvent) {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={submit} noValidate aria-label={t('facilities.settings')}>
      <div className={classes.panel}>
        <Title order={2} size="h3">
          {t('facilities.settings')}
        </Title>
        <div className={classes.two}>
          {input('name', t('facilities.organizationName'))}
          {input('accent', t('facilities.accent'), t('facilities.accentHint'))}
          {input('idle_seconds', t('facilities.idle'))}
          {input('session_seconds', t('facilities.session'))}
        </div>
        <Checkbox
          label={t('facilities.portal')}
          checked={draft.portal_second_factor}
          onChange={(event) => setDraft({ ...draft, portal_second_factor: event.currentTarget.checked })}
        />
        {isStale(save.error) ? (
          <Notice kind="warn">{t('facilities.stale')}</Notice>
        ) : (
          <GrantProblem error={save.error} fields={FIELDS} />
        )}
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending}>
            {t('facilities.save')}
          </Button>
        </div>
      </div>
    </form>
  )
}
