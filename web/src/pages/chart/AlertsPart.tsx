import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Flag } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { onDay, today } from '@/texts/zone'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { CODE_STATUS, latestFirst } from './essentials'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { SYSTEMS } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf } from './words'

const STATUSES = ['304252001', '304253006', 'dni', '133918004'] as const

/** What must be known before anything is done: alerts, and what is to be done when the heart stops. */
export function AlertsPart() {
  const { t } = useTranslation()
  const { id, me, may, zone, draftKey } = useChart()
  const flags = useRecords('Flag')?.filter((it) => it.status !== 'entered-in-error')
  const found = useRecords('Observation', CODE_STATUS, 5)
  const statuses = found && latestFirst(found.filter((it) => it.status !== 'entered-in-error'))
  const { doing, begin, done } = useDoing<'alert' | 'code' | Flag>(() =>
    drafts.has(draftKey('add Flag')) ? 'alert' : drafts.has(draftKey('code status')) ? 'code' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  const present = flags?.filter((it) => it.status === 'active') ?? []
  const past = flags?.filter((it) => it.status !== 'active') ?? []
  const alert = (it: Flag, quiet: boolean) => (
    <Entry
      key={it.id}
      pending={it.pending}
      quiet={quiet}
      title={conceptOf(it.code)}
      aside={fields.span(it.period?.start, it.period?.end).join(' ')}
      action={
        writes &&
        !quiet && (
          <Act label={t('chart.endLabel', { name: conceptOf(it.code) })} onClick={() => begin(it)}>
            {t('chart.end')}
          </Act>
        )
      }
    />
  )
  return (
    <Part
      title={t('chart.section_alerts')}
      actions={
        writes && (
          <>
            {flags && <Button onClick={() => begin('alert')}>{t('care.addAlert')}</Button>}
            {statuses && (
              <Button variant="default" onClick={() => begin('code')}>
                {t('care.setCodeStatus')}
              </Button>
            )}
          </>
        )
      }
    >
      {statuses && (
        <Group title={t('care.codeStatus')}>
          {statuses.length === 0 ? (
            <Entry title={t('care.codeStatusNone')} />
          ) : (
            statuses.map((it, i) => (
              <Entry
                key={it.id}
                pending={it.pending}
                quiet={i > 0}
                title={conceptOf(it.valueCodeableConcept) || (it.valueString ?? '')}
                lines={[
                  it.performer?.[0]?.display && t('chart.givenBy', { name: it.performer[0].display }),
                  it.note?.[0]?.text,
                ]}
                aside={it.effectiveDateTime && onDay(it.effectiveDateTime, zone)}
              />
            ))
          )}
        </Group>
      )}
      {flags &&
        (present.length === 0 ? (
          <Nothing>{t('care.noAlerts')}</Nothing>
        ) : (
          <Group title={t('chart.section_alerts')}>{present.map((it) => alert(it, false))}</Group>
        ))}
      {past.length > 0 && <Group title={t('care.pastAlerts')}>{past.map((it) => alert(it, true))}</Group>}
      {doing === 'alert' && (
        <AddRecord
          type="Flag"
          title={t('care.addAlert')}
          submit={t('problem.save')}
          fields={[
            {
              key: 'text',
              label: t('care.alert'),
              kind: 'text',
              hint: t('care.alertHint'),
              needed: t('care.alertNeeded'),
            },
          ]}
          build={({ text }, now) => ({
            resourceType: 'Flag',
            status: 'active',
            code: { text: text?.trim() },
            subject: { reference: `Patient/${id}` },
            period: { start: now },
            author: { display: me.person.name },
          })}
          onDone={done}
        />
      )}
      {doing === 'code' && (
        <AddRecord
          type="Observation"
          form="code status"
          title={t('care.setCodeStatus')}
          submit={t('chart.save')}
          begin={{ status: '304252001' }}
          fields={[
            {
              key: 'status',
              label: t('care.codeStatus'),
              kind: 'select',
              options: STATUSES.map((value) => ({ value, label: t(`care.code_${value}`) })),
            },
            {
              key: 'note',
              label: t('care.codeStatusBy'),
              kind: 'text',
              needed: t('care.codeStatusByNeeded'),
            },
          ]}
          build={({ status, note }, now) => {
            const code = STATUSES.find((it) => it === status) ?? STATUSES[0]
            return {
              resourceType: 'Observation',
              status: 'final',
              code: {
                coding: [{ system: SYSTEMS.snomed, code: CODE_STATUS.code, display: 'Resuscitation status' }],
              },
              subject: { reference: `Patient/${id}` },
              effectiveDateTime: now,
              performer: [{ display: me.person.name }],
              valueCodeableConcept: {
                coding: code === 'dni' ? undefined : [{ system: SYSTEMS.snomed, code }],
                text: t(`care.code_${code}`),
              },
              note: [{ text: note?.trim() }],
            }
          }}
          onDone={done}
        />
      )}
      {doing && typeof doing === 'object' && (
        <ChangeRecord
          type="Flag"
          record={doing.id}
          title={t('care.endAlertTitle', { name: conceptOf(doing.code) })}
          submit={t('problem.endSave')}
          begin={{ on: today(zone) }}
          fields={[fields.ended]}
          build={({ on }, standing) => ({
            status: 'inactive',
            period: { ...standing.period, end: on || today(zone) },
          })}
          describe={(it) => [
            [t('care.alert'), conceptOf(it.code)],
            [t('chart.status'), statusWords(it.status)],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )
}
