import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { AllergyIntolerance } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { onDay } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { allergyWords, isNoneKnown, severityOf } from './essentials'
import { Act, Entry, Part, Records } from './Part'
import { noteAdded, noteOf, notesOf, SYSTEMS, statusOf } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf, hasCodeOf } from './words'

const SEVERITIES = ['severe', 'moderate', 'mild'] as const
const CATEGORIES = ['medication', 'food', 'environment'] as const

export function AllergiesPart() {
  const { t } = useTranslation()
  const { may, zone, id, draftKey } = useChart()
  const all = (useRecords('AllergyIntolerance') ?? []).filter(
    (it) => !hasCodeOf(it.verificationStatus, 'entered-in-error'),
  )
  const { doing, begin, done } = useDoing<'add' | 'none' | AllergyIntolerance>(() =>
    drafts.has(draftKey('add AllergyIntolerance')) ? 'add' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  const words = allergyWords(all)
  const ended = (it: AllergyIntolerance) =>
    hasCodeOf(it.clinicalStatus, 'inactive', 'resolved') || hasCodeOf(it.verificationStatus, 'refuted')
  const past = all.filter(ended)
  const present = all.filter((it) => !ended(it))
  const reactionsOf = (it: AllergyIntolerance) =>
    (it.reaction ?? [])
      .map((reaction) =>
        [reaction.manifestation?.map(conceptOf).join(', '), reaction.description].filter(Boolean).join('. '),
      )
      .join('\n')
  const categoryOf = (it: AllergyIntolerance) => {
    const known = CATEGORIES.find((category) => it.category?.includes(category))
    return known ? t(`allergy.category_${known}`) : ''
  }
  const entry = (it: AllergyIntolerance, quiet: boolean) => {
    const severity = severityOf(it)
    const serious = severity === 'severe' || severity === 'high'
    return (
      <Entry
        key={it.id}
        pending={it.pending}
        quiet={quiet}
        title={conceptOf(it.code)}
        chips={
          !quiet &&
          severity && <Chip kind={serious ? 'bad' : 'plain'}>{t(`chart.severity_${severity}`)}</Chip>
        }
        lines={[
          reactionsOf(it),
          [
            categoryOf(it),
            it.recordedDate && t('chart.recorded', { day: onDay(it.recordedDate, zone) }),
            it.recorder?.display,
          ]
            .filter(Boolean)
            .join(' · '),
          notesOf(it),
        ]}
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
  }
  return (
    <Part
      title={t('chart.section_allergies')}
      actions={
        writes && (
          <>
            {words.kind === 'none-recorded' && (
              <Button variant="default" onClick={() => begin('none')}>
                {t('allergy.recordNone')}
              </Button>
            )}
            <Button onClick={() => begin('add')}>{t('allergy.add')}</Button>
          </>
        )
      }
    >
      <Records
        none={t('allergy.none')}
        present={present}
        past={past}
        pastTitle={t('allergy.past')}
        entry={entry}
      />
      {doing === 'add' && (
        <AddRecord
          type="AllergyIntolerance"
          title={t('allergy.add')}
          submit={t('allergy.save')}
          begin={{ category: '', severity: '' }}
          fields={[
            { key: 'text', label: t('allergy.text'), kind: 'text', needed: t('allergy.textNeeded') },
            {
              key: 'category',
              label: t('allergy.category'),
              kind: 'select',
              options: [
                { value: '', label: t('chart.notSaid') },
                ...CATEGORIES.map((value) => ({ value, label: t(`allergy.category_${value}`) })),
              ],
            },
            { key: 'reaction', label: t('allergy.reaction'), kind: 'text', hint: t('allergy.reactionHint') },
            {
              key: 'severity',
              label: t('allergy.severity'),
              kind: 'select',
              options: [
                { value: '', label: t('chart.notSaid') },
                ...SEVERITIES.map((value) => ({ value, label: t(`allergy.severity_${value}`) })),
              ],
            },
            fields.note,
          ]}
          build={({ text, category, reaction, severity, note }, now) => ({
            resourceType: 'AllergyIntolerance',
            clinicalStatus: statusOf('allergyintolerance-clinical', 'active'),
            verificationStatus: statusOf('allergyintolerance-verification', 'confirmed'),
            category: category ? [category] : undefined,
            criticality: severity === 'severe' ? 'high' : undefined,
            code: { text: text?.trim() },
            patient: { reference: `Patient/${id}` },
            recordedDate: now,
            reaction:
              reaction?.trim() || severity
                ? [
                    {
                      manifestation: [{ text: reaction?.trim() || t('allergy.reactionUnknown') }],
                      severity: severity || undefined,
                    },
                  ]
                : undefined,
            note: noteOf(note),
          })}
          onDone={done}
        />
      )}
      {doing === 'none' && (
        <AddRecord
          type="AllergyIntolerance"
          form="none known"
          title={t('allergy.recordNone')}
          submit={t('allergy.recordNoneSave')}
          fields={[{ key: 'note', label: t('allergy.askedWhom'), kind: 'area' }]}
          build={({ note }, now) => ({
            resourceType: 'AllergyIntolerance',
            clinicalStatus: statusOf('allergyintolerance-clinical', 'active'),
            verificationStatus: statusOf('allergyintolerance-verification', 'confirmed'),
            code: {
              coding: [{ system: SYSTEMS.snomed, code: '716186003', display: 'No known allergy' }],
              text: t('chart.noneKnown'),
            },
            patient: { reference: `Patient/${id}` },
            recordedDate: now,
            note: noteOf(note),
          })}
          onDone={done}
        />
      )}
      {doing && typeof doing === 'object' && (
        <ChangeRecord
          type="AllergyIntolerance"
          record={doing.id}
          title={t('allergy.endTitle', { name: conceptOf(doing.code) })}
          submit={t('allergy.endSave')}
          begin={{ how: isNoneKnown(doing) ? 'inactive' : 'resolved', note: '' }}
          fields={[
            {
              key: 'how',
              label: t('allergy.how'),
              kind: 'select',
              options: (['resolved', 'inactive', 'refuted', 'entered-in-error'] as const).map((value) => ({
                value,
                label: t(`allergy.how_${value}`),
              })),
            },
            { key: 'note', label: t('chart.note'), kind: 'area', needed: t('allergy.noteNeeded') },
          ]}
          build={({ how, note }, standing, now) => ({
            // Of what was entered in error no clinical status is said (ait-2).
            clinicalStatus:
              how === 'entered-in-error'
                ? undefined
                : statusOf(
                    'allergyintolerance-clinical',
                    how === 'refuted' ? 'inactive' : (how ?? 'resolved'),
                  ),
            ...((how === 'refuted' || how === 'entered-in-error') && {
              verificationStatus: statusOf('allergyintolerance-verification', how),
            }),
            note: noteAdded(standing, note, now),
          })}
          describe={(it) => [
            [t('allergy.text'), conceptOf(it.code)],
            [
              t('chart.status'),
              [conceptOf(it.clinicalStatus), conceptOf(it.verificationStatus)].filter(Boolean).join(', '),
            ],
            [t('allergy.reaction'), reactionsOf(it)],
            [t('chart.note'), notesOf(it)],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )
}
