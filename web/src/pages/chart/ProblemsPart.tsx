import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Condition } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Entry, Group, Nothing, Part } from './Part'
import { noteAdded, notesOf, SYSTEMS, statusOf } from './records'
import { useChart, useRecords } from './useChart'
import { codeOf, conceptOf, hasCodeOf } from './words'

const ENDED = ['inactive', 'resolved', 'remission']

export function ProblemsPart() {
  const { t } = useTranslation()
  const { may, zone, id, draftKey } = useChart()
  const all = (useRecords('Condition') ?? []).filter(
    (it) => !hasCodeOf(it.verificationStatus, 'entered-in-error', 'refuted'),
  )
  const [doing, setDoing] = useState<'add' | Condition | null>(() =>
    drafts.has(draftKey('add Condition')) ? 'add' : null,
  )
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
        [
          it.onsetDateTime && t('chart.since', { day: onDay(it.onsetDateTime, zone) }),
          it.abatementDateTime && t('chart.until', { day: onDay(it.abatementDateTime, zone) }),
          it.recorder?.display,
        ]
          .filter(Boolean)
          .join(' · '),
        notesOf(it),
      ]}
      action={
        writes &&
        !ended && (
          <Button
            variant="subtle"
            size="sm"
            onClick={() => setDoing(it)}
            aria-label={t('chart.endLabel', { name: conceptOf(it.code) })}
          >
            {t('chart.end')}
          </Button>
        )
      }
    />
  )
  return (
    <Part
      title={t('chart.section_problems')}
      actions={writes && <Button onClick={() => setDoing('add')}>{t('problem.add')}</Button>}
    >
      {present.length === 0 ? (
        <Nothing>{t('problem.none')}</Nothing>
      ) : (
        <Group>{present.map((it) => entry(it, false))}</Group>
      )}
      {past.length > 0 && <Group title={t('problem.past')}>{past.map((it) => entry(it, true))}</Group>}
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
              check: (value) => (value > today(zone) ? t('chart.inFuture') : undefined),
            },
            { key: 'note', label: t('chart.note'), kind: 'area' },
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
            note: values.note?.trim() ? [{ text: values.note.trim() }] : undefined,
          })}
          onDone={() => setDoing(null)}
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
            {
              key: 'on',
              label: t('chart.endedOn'),
              kind: 'date',
              check: (value) => (value > today(zone) ? t('chart.inFuture') : undefined),
            },
            { key: 'note', label: t('chart.note'), kind: 'area' },
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
          onDone={() => setDoing(null)}
        />
      )}
    </Part>
  )
}
