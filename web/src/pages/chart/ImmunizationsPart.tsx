import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Immunization } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { noteAdded, noteOf, notesOf, SYSTEMS } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf } from './words'

export function ImmunizationsPart() {
  const { t } = useTranslation()
  const { id, may, zone, draftKey } = useChart()
  const all = (useRecords('Immunization') ?? []).filter((it) => it.status !== 'entered-in-error')
  const { doing, begin, done } = useDoing<'add' | Immunization>(() =>
    drafts.has(draftKey('add Immunization')) ? 'add' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  return (
    <Part
      title={t('chart.section_immunizations')}
      actions={writes && <Button onClick={() => begin('add')}>{t('care.addShot')}</Button>}
    >
      {all.length === 0 ? (
        <Nothing>{t('chart.noImmunizations')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              pending={it.pending}
              quiet={it.status === 'not-done'}
              title={conceptOf(it.vaccineCode)}
              chips={it.status === 'not-done' && <Chip kind="warn">{t('chart.notGiven')}</Chip>}
              lines={[
                [conceptOf(it.site), it.lotNumber && t('chart.lot', { lot: it.lotNumber })]
                  .filter(Boolean)
                  .join(' · '),
                notesOf(it),
              ]}
              aside={
                it.occurrenceDateTime
                  ? onDay(it.occurrenceDateTime, zone)
                  : (it.occurrenceString ?? undefined)
              }
              action={
                writes && (
                  <Act
                    label={t('care.shotWrongLabel', { name: conceptOf(it.vaccineCode) })}
                    onClick={() => begin(it)}
                  >
                    {t('care.shotWrong')}
                  </Act>
                )
              }
            />
          ))}
        </Group>
      )}
      {doing === 'add' && (
        <AddRecord
          type="Immunization"
          title={t('care.addShot')}
          submit={t('problem.save')}
          begin={{ given: 'completed', on: today(zone) }}
          fields={[
            {
              key: 'text',
              label: t('care.vaccine'),
              kind: 'code',
              list: 'cvx',
              codeKey: 'cvx',
              hint: t('care.vaccineHint'),
              needed: t('care.vaccineNeeded'),
            },
            {
              key: 'given',
              label: t('care.shotState'),
              kind: 'select',
              options: (['completed', 'not-done'] as const).map((value) => ({
                value,
                label: t(`care.shot_${value}`),
              })),
            },
            {
              key: 'on',
              label: t('care.shotOn'),
              kind: 'date',
              needed: t('care.shotOnNeeded'),
              check: fields.notAhead,
            },
            { key: 'lot', label: t('care.lot'), kind: 'text' },
            { key: 'site', label: t('care.site'), kind: 'text', hint: t('care.siteHint') },
            fields.note,
          ]}
          build={({ text, cvx, given, on, lot, site, note }) => ({
            resourceType: 'Immunization',
            status: given ?? 'completed',
            vaccineCode: {
              coding: cvx ? [{ system: SYSTEMS.cvx, code: cvx, display: text?.trim() }] : undefined,
              text: text?.trim(),
            },
            patient: { reference: `Patient/${id}` },
            occurrenceDateTime: on,
            lotNumber: lot?.trim() || undefined,
            site: site?.trim() ? { text: site.trim() } : undefined,
            note: noteOf(note),
          })}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && (
        <ChangeRecord
          type="Immunization"
          record={doing.id}
          title={t('care.shotWrongTitle', { name: conceptOf(doing.vaccineCode) })}
          submit={t('care.shotWrongSave')}
          begin={{ note: '' }}
          fields={[{ key: 'note', label: t('care.why'), kind: 'area', needed: t('care.whyNeeded') }]}
          build={({ note }, standing, now) => ({
            status: 'entered-in-error',
            note: noteAdded(standing, note, now),
          })}
          describe={(it) => [
            [t('care.vaccine'), conceptOf(it.vaccineCode)],
            [t('chart.status'), statusWords(it.status)],
            [t('chart.note'), notesOf(it)],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )
}
