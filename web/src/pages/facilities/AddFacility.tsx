import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { hasCode } from '@/api/errors'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { faultyField, GrantProblem } from '@/pages/people/faults'

const FIELDS = ['code', 'name', 'time_zone'] as const

export function AddFacility({ onDone }: { onDone: (opened: boolean) => void }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const [draft, setDraft] = useState({
    code: '',
    name: '',
    time_zone: me.facilities[0]?.time_zone ?? 'America/New_York',
  })
  const add = useMutation({
    mutationFn: () => inContext(context).openFacility(draft),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['context', context] })
      onDone(true)
    },
  })
  const taken = hasCode(add.error, 'code-taken')
  const field = taken ? undefined : FIELDS.find((it) => it === faultyField(add.error))
  const input = (name: (typeof FIELDS)[number], label: string, hint?: string) => (
    <TextInput
      label={label}
      description={hint}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      autoComplete="off"
      maxLength={name === 'code' ? 63 : 200}
      value={draft[name]}
      error={
        taken && name === 'code'
          ? t('facilities.taken')
          : field === name
            ? t(`facilities.fault_${name}`)
            : undefined
      }
      onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
    />
  )
  function submit(event: FormEvent) {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form onSubmit={submit} noValidate>
      <div className={classes.panel}>
        <div className={classes.two}>
          {input('name', t('facilities.name'))}
          {input('code', t('facilities.code'), t('facilities.codeHint'))}
          {input('time_zone', t('facilities.timeZone'), t('facilities.timeZoneHint'))}
        </div>
        {!taken && <GrantProblem error={add.error} fields={FIELDS} />}
        <div className={classes.buttons}>
          <Button type="submit" loading={add.isPending}>
            {t('facilities.create')}
          </Button>
          <Button variant="default" onClick={() => onDone(false)}>
            {t('common.cancel')}
          </Button>
        </div>
      </div>
    </form>
  )
}
