import { Anchor, Button, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useDeferredValue, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { fhirIn, newIdentifier } from '@/api/fhir'
import type { Observation } from '@/api/fhirTypes'
import { http } from '@/api/http'
import { useDraft } from '@/session/drafts'
import { atTime, moment, wall, zoneName } from '@/texts/zone'
import { Notice } from '@/ui/Notice'
import { ChartProblem } from './ChartProblem'
import { CURRENT_STAY } from './essentials'
import { useChart, useRecords } from './useChart'
import classes from './Vitals.module.css'
import type { Measured } from './VitalsPart'
import {
  FIELDS,
  type Field,
  inFirstUnit,
  judge,
  kindOf,
  LIMITS,
  numbersOf,
  observationsOf,
  type Typed,
  unitFor,
} from './vitals'

interface Props {
  /** What was measured before: the units go on. */
  before: Observation[]
  /** The name of the draft. */
  draft: string
  onSending(pending: Measured[]): void
  onSaved(): void
  onCancel(): void
}

const MINUTES_AHEAD = 5
/** How many fields are there at once, the first with the focus: the others come while it is typed into. */
const FIRST = 4

export function VitalsForm({ before, draft: name, onSending, onSaved, onCancel }: Props) {
  const { t } = useTranslation()
  const { context, id, me, zone } = useChart()
  const client = useQueryClient()
  const stays = useRecords('Encounter', CURRENT_STAY)
  const draft = useDraft<Typed>(name, () => blank(before))
  const typed = draft.value
  const [tried, setTried] = useState(false)
  const [fault, setFault] = useState<'nothing' | 'when' | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const first = useRef<HTMLInputElement>(null)
  const whole = useDeferredValue(true, false)
  useEffect(() => first.current?.focus({ preventScroll: true }), [])
  const otherTime = typed.date !== '' || typed.time !== ''

  const save = useMutation({
    mutationFn: ({
      records,
    }: {
      records: { resource: object & { resourceType: 'Observation' }; identifier: string }[]
    }) => fhirIn(context).createAll(id, records),
    onSuccess: async () => {
      await refreshPatient(client, context, id)
      draft.clear()
      onSending([])
      onSaved()
    },
    onError: () => onSending([]),
  })

  /** When the first of it was typed: who is called away and comes back later has not measured later. */
  const begunAt = () => draft.attempt('begun', () => new Date(http.now()).toISOString())
  function change(next: Partial<Typed>) {
    begunAt()
    draft.change({ ...typed, ...next })
    setFault(null)
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    if (save.isPending) return
    setTried(true)
    const wrong = FIELDS.find((field) => judge(field, typed).fault)
    if (wrong) {
      form.current?.querySelector<HTMLInputElement>(`[name=${wrong}]`)?.focus()
      return
    }
    if (FIELDS.every((field) => typed.values[field].trim() === '')) {
      setFault('nothing')
      first.current?.focus()
      return
    }
    const now = new Date(http.now())
    const shown = wall(new Date(begunAt()), zone)
    const at = moment(typed.date || shown.date, typed.time || shown.time, zone)
    if (!at || Date.parse(at) > now.getTime() + MINUTES_AHEAD * 60_000) {
      setFault('when')
      form.current?.querySelector<HTMLInputElement>('[name=time]')?.focus()
      return
    }
    setFault(null)
    const observations = observationsOf(typed, {
      patient: id,
      encounter: stays?.[0]?.id,
      at,
      now: now.toISOString(),
      performer: me.person.name,
    })
    // Tried again unchanged, a measurement is known again and written once.
    const records = observations.map(({ print, resource }) => ({
      resource,
      identifier: draft.attempt(print, newIdentifier),
    }))
    onSending(
      records.map(
        ({ resource, identifier }) =>
          ({
            ...(JSON.parse(JSON.stringify(resource)) as Observation),
            id: identifier,
            pending: true,
          }) as Measured,
      ),
    )
    save.mutate({ records })
  }

  const input = (field: Field) => {
    const found = judge(field, typed)
    const said = found.fault && (tried || found.fault === 'impossible') ? found.fault : undefined
    const { units } = LIMITS[field]
    return (
      <TextInput
        key={field}
        ref={field === 'systolic' ? first : undefined}
        name={field}
        label={t(`vitals.field_${field}`)}
        inputMode="decimal"
        autoComplete="off"
        maxLength={6}
        value={typed.values[field]}
        readOnly={save.isPending}
        rightSection={
          units.length > 1 ? (
            <select
              className={classes.unitSelect}
              aria-label={t(`vitals.unit_${field as 'temperature' | 'weight'}`)}
              value={typed.units[field]}
              disabled={save.isPending}
              onChange={(event) => change({ units: { ...typed.units, [field]: event.currentTarget.value } })}
            >
              {units.map((it) => (
                <option key={it.code} value={it.code}>
                  {it.unit}
                </option>
              ))}
            </select>
          ) : (
            <span className={classes.inUnit}>{units[0]?.unit}</span>
          )
        }
        rightSectionWidth={units.length > 1 ? '4.2rem' : '3.6rem'}
        rightSectionPointerEvents={units.length > 1 ? 'all' : 'none'}
        error={said && t(`vitals.fault_${said}`, { low: found.low ?? '', high: found.high ?? '' })}
        description={
          found.unusual ? <span className={classes.warning}>{t('vitals.unusual')}</span> : changed(field)
        }
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        onChange={(event) => change({ values: { ...typed.values, [field]: event.currentTarget.value } })}
      />
    )
  }
  /** A weight that is far from the last one is told: it is seldom true, and matters when it is. */
  function changed(field: Field) {
    if (field !== 'weight' || typed.values.weight.trim() === '' || judge(field, typed).fault) return undefined
    const last = before.find((it) => kindOf(it) === 'weight' && it.status !== 'entered-in-error')
    const quantity = last && numbersOf('weight', last)[0]
    if (!quantity) return undefined
    const was = inFirstUnit('weight', quantity)
    const is = unitFor('weight', typed.units.weight).toFirst(Number(typed.values.weight.replace(',', '.')))
    const percent = Math.round(((is - was) / was) * 100)
    if (Math.abs(percent) < 5) return undefined
    return (
      <span className={classes.warning}>
        {t(percent > 0 ? 'vitals.gained' : 'vitals.lost', { percent: Math.abs(percent) })}
      </span>
    )
  }
  const shownNow = wall(new Date(http.now()), zone)
  return (
    <form ref={form} className={classes.form} onSubmit={submit} noValidate aria-label={t('vitals.form')}>
      <div className={classes.fields}>{FIELDS.slice(0, whole ? undefined : FIRST).map(input)}</div>
      {whole && (
        <>
          <div className={classes.fields}>
            {otherTime ? (
              <>
                <TextInput
                  name="date"
                  type="date"
                  label={t('vitals.date')}
                  value={typed.date}
                  max={shownNow.date}
                  readOnly={save.isPending}
                  onChange={(event) => change({ date: event.currentTarget.value })}
                />
                <TextInput
                  name="time"
                  type="time"
                  label={t('vitals.time', { zone: zoneName(zone) })}
                  value={typed.time}
                  readOnly={save.isPending}
                  onChange={(event) => change({ time: event.currentTarget.value })}
                />
              </>
            ) : (
              <div className={classes.now}>
                <span>
                  {draft.begun ? t('vitals.begunAt', { time: atTime(begunAt(), zone) }) : t('vitals.now')}
                </span>
                <Anchor
                  component="button"
                  type="button"
                  ta="left"
                  disabled={save.isPending}
                  onClick={() => change({ date: shownNow.date, time: shownNow.time })}
                >
                  {t('vitals.otherTime')}
                </Anchor>
              </div>
            )}
            <Textarea
              className={classes.note}
              size="md"
              rows={1}
              autosize={false}
              label={t('vitals.note')}
              autoComplete="off"
              maxLength={500}
              value={typed.note}
              readOnly={save.isPending}
              onChange={(event) => change({ note: event.currentTarget.value })}
            />
          </div>
          {fault && <Notice kind="bad">{t(`vitals.fault_${fault}`)}</Notice>}
          {save.isError && <ChartProblem error={save.error} unsaved />}
          <div className={classes.buttons}>
            <Button type="submit" loading={save.isPending}>
              {save.isError ? t('vitals.retry') : t('vitals.save')}
            </Button>
            <Button
              variant="default"
              disabled={save.isPending}
              onClick={() => {
                draft.clear()
                onCancel()
              }}
            >
              {draft.begun ? t('vitals.discard') : t('common.cancel')}
            </Button>
          </div>
        </>
      )}
    </form>
  )
}

function blank(before: Observation[]): Typed {
  const none = Object.fromEntries(FIELDS.map((field) => [field, ''])) as Record<Field, string>
  const units = Object.fromEntries(FIELDS.map((field) => [field, LIMITS[field].units[0]?.code ?? '']))
  for (const kind of ['temperature', 'weight'] as const) {
    const last = before.find((it) => kindOf(it) === kind)
    const code = last && numbersOf(kind, last)[0]?.code
    if (code) units[kind] = unitFor(kind, code).code
  }
  return { values: none, units: units as Record<Field, string>, date: '', time: '', note: '' }
}
