import { Button, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { type Starts, shiftIn, shiftQueries } from '@/api/shift'
import type { Facility } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/pages/people/Form.module.css'
import { Busy } from '@/ui/Busy'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { ChangeProblem } from './FacilityLine'

/** What shifts are called, by how many there are. */
const NAMES = { 2: ['day', 'night'], 3: ['day', 'evening', 'night'] } as const
const USUAL = { 2: ['07:00', '19:00'], 3: ['07:00', '15:00', '23:00'] }

/** When the shifts of a facility begin. */
export function ShiftTimes({ facility, onClose }: { facility: Facility; onClose(saved: boolean): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const { data, error } = useQuery(shiftQueries(context).starts(facility.code))
  const save = useMutation({
    mutationFn: ({ version, starts }: Starts) => shiftIn(context).begin(facility.code, version, starts),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: contextQueries(context).facilities().queryKey }),
        cache.invalidateQueries({ queryKey: shiftQueries(context).all }),
      ]),
    onSuccess: () => onClose(true),
  })
  return (
    <Dialog title={t('facilities.shiftsOf', { name: facility.name })} onClose={() => onClose(false)}>
      <Stack gap="md">
        <Text c="dimmed">{t('facilities.shiftsLead', { zone: facility.time_zone })}</Text>
        <ProblemNotice error={error} />
        {!data && !error && <Busy label={t('facilities.shiftsLoading')} />}
        {save.error && <ChangeProblem error={save.error} />}
        {data && (
          <Form
            key={data.version}
            begun={data.starts}
            pending={save.isPending}
            onSave={(starts) => save.mutate({ version: data.version, starts })}
            onCancel={() => onClose(false)}
          />
        )}
      </Stack>
    </Dialog>
  )
}

function Form(props: {
  begun: string[]
  pending: boolean
  onSave(starts: string[]): void
  onCancel(): void
}) {
  const { t } = useTranslation()
  const [starts, setStarts] = useState(props.begun)
  const [tried, setTried] = useState(false)
  const count = starts.length === 2 ? 2 : 3
  const sorted = starts.every((it, at) => it !== '' && (at === 0 || (starts[at - 1] ?? '') < it))
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (sorted && !props.pending) props.onSave(starts)
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <NativeSelect
          data-autofocus
          label={t('facilities.shiftsCount')}
          value={String(count)}
          onChange={(event) => setStarts(USUAL[event.currentTarget.value === '2' ? 2 : 3])}
          data={(['2', '3'] as const).map((value) => ({ value, label: t(`facilities.shifts_${value}`) }))}
        />
        {NAMES[count].map((name, at) => (
          <TextInput
            key={name}
            type="time"
            label={t(`facilities.begins_${name}`)}
            value={starts[at] ?? ''}
            onChange={(event) => setStarts(starts.with(at, event.currentTarget.value))}
          />
        ))}
        {tried && !sorted && <Notice kind="bad">{t('facilities.shiftsOrder')}</Notice>}
        <div className={classes.buttons}>
          <Button type="submit" loading={props.pending}>
            {t('facilities.shiftsSave')}
          </Button>
          <Button variant="default" onClick={props.onCancel}>
            {t('common.cancel')}
          </Button>
        </div>
      </Stack>
    </form>
  )
}
