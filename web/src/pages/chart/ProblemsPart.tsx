import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Condition } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Part, Records } from './Part'
import { noteAdded, noteOf, notesOf, SYSTEMS, statusOf } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { codeOf, conceptOf, hasCodeOf } from './words'

const ENDED = ['inactive', 'resolved', 'remission']

export function ProblemsPart() {
  const { t } = useTranslation()
  const { may, zone, id, draftKey } = useChart()
  const all = (useRecords('Condition') ?? []).filter(
    (it) => !hasCodeOf(it.verificationStatus, 'entered-in-error', 'refuted'),
  )
  const { doing, begin, done } = useDoing<'add' | Condition>(() =>
    drafts.has(draftKey('add Condition')) ? 'add' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  const past = all.filter((it) => hasCodeOf(it.clinicalStatus, ...ENDED))
  const present = all.filter((it) => !past.includes(it))
  const icd = (it: Condition) => codeOf(it.code, SYSTEMS.icd10)
  const entry = (it: Condition, ended: boolean) => (
    <Entry
      key={it.id}
      pending={it.pending}
      quiet={ended}
      title={conceptOf(it.code)}
      chips={
        <>
          {icd(it) && <Chip>{icd(it)}</Chip>}{' '}
          {hasCodeOf(it.verificationStatus, 'provisional', 'differential', 'unconfirmed') && (
            <Chip kind="warn">{conceptOf(it.verificationStatus)}</Chip>
          )}
        </>
      }
      lines={[
        [...fields.span(it.onsetDateTime, it.abatementDateTime), it.recorder?.display]
          .filter(Boolean)
          .join(' · '),
        notesOf(it),
      ]}
      action={
        writes &&
        !ended && (
          <Act label={t('chart.endLabel', { name: conceptOf(it.code) })} onClick={() => begin(it)}>
            {t('chart.end')}
          </Act>
        )
      }
    />
  )
  return (
    <Part
      title={t('chart.section_problems')}
      actions={writes && <Button onClick={() => begin('add')}>{t('problem.add')}</Button>}
    >
      <Records
        none={t('problem.none')}
        present={present}
        past={past}
        pastTitle={t('problem.past')}
        entry={entry}
      />
      {doing === 'add' && (
        <AddRecord
          type="Condition"
          title={t('problem.add')}
          submit={t('problem.save')}
          fields={[
            {
              key: 'text',
              label: t('problem.text'),
              kind: 'code',
              list: 'icd-10',
              codeKey: 'icd10',
              hint: t('problem.textHint'),
              needed: t('problem.textNeeded'),
            },
            {
              key: 'onset',
              label: t('problem.onset'),
              kind: 'date',
              check: fields.notAhead,
            },
            fields.note,
          ]}
          build={(values, now) => ({
            resourceType: 'Condition',
            clinicalStatus: statusOf('condition-clinical', 'active'),
            verificationStatus: statusOf('condition-ver-status', 'confirmed'),
            category: [statusOf('condition-category', 'problem-list-item')],
            code: {
              coding: values.icd10
                ? [{ system: SYSTEMS.icd10, code: values.icd10, display: values.text?.trim() }]
                : undefined,
              text: values.text?.trim(),
            },
            subject: { reference: `Patient/${id}` },
            onsetDateTime: values.onset || undefined,
            recordedDate: now,
            note: noteOf(values.note),
          })}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && (
        <ChangeRecord
          key={draftKey(doing.id)}
          type="Condition"
          record={doing.id}
          title={t('problem.endTitle', { name: conceptOf(doing.code) })}
          submit={t('problem.endSave')}
          begin={{ how: 'resolved', on: today(zone), note: '' }}
          fields={[
            {
              key: 'how',
              label: t('problem.how'),
              kind: 'select',
              options: (['resolved', 'inactive', 'entered-in-error'] as const).map((value) => ({
                value,
                label: t(`problem.how_${value}`),
              })),
            },
            fields.ended,
            fields.note,
          ]}
          build={(values, standing, now) =>
            values.how === 'entered-in-error'
              ? {
                  // Nothing is said of the state of what never was (con-5).
                  clinicalStatus: undefined,
                  verificationStatus: statusOf('condition-ver-status', 'entered-in-error'),
                  note: noteAdded(standing, values.note, now),
                }
              : {
                  clinicalStatus: statusOf('condition-clinical', values.how ?? 'resolved'),
                  abatementDateTime: values.on || undefined,
                  note: noteAdded(standing, values.note, now),
                }
          }
          describe={(it) => [
            [t('problem.text'), conceptOf(it.code)],
            [t('chart.status'), conceptOf(it.clinicalStatus) || conceptOf(it.verificationStatus)],
            [t('problem.onset'), it.onsetDateTime ? onDay(it.onsetDateTime, zone) : ''],
            [t('chart.endedOn'), it.abatementDateTime ? onDay(it.abatementDateTime, zone) : ''],
            [t('chart.note'), notesOf(it)],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )
}
