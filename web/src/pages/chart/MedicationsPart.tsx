import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { MedicationRequest, MedicationStatement } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Part, Records } from './Part'
import { noteAdded, noteOf, notesOf } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf } from './words'

type Medication = MedicationRequest | MedicationStatement

const PRESENT = ['active', 'on-hold', 'draft', 'intended', 'unknown']

export const medicationOf = (it: Medication) =>
  conceptOf(it.medicationCodeableConcept) || it.medicationReference?.display || ''

const dosageOf = (it: Medication) =>
  (it.resourceType === 'MedicationRequest' ? it.dosageInstruction : it.dosage)
    ?.flatMap((dosage) => dosage.text ?? [])
    .join('\n') ?? ''

export function MedicationsPart() {
  const { t } = useTranslation()
  const { may, me, id, draftKey } = useChart()
  const requests = useRecords('MedicationRequest') ?? []
  const stated = useRecords('MedicationStatement')
  const { doing, begin, done } = useDoing<'add' | Medication>(() =>
    drafts.has(draftKey('add MedicationStatement')) ? 'add' : null,
  )
  const all: Medication[] = [...requests, ...(stated ?? [])].filter((it) => it.status !== 'entered-in-error')
  const fields = useFields()
  const writes = may('chart.write')
  const present = all
    .filter((it) => PRESENT.includes(it.status))
    .toSorted((a, b) => medicationOf(a).localeCompare(medicationOf(b)))
  const past = all.filter((it) => !PRESENT.includes(it.status))
  const whenOf = (it: Medication) => {
    const since =
      it.resourceType === 'MedicationRequest'
        ? it.authoredOn
        : (it.effectivePeriod?.start ?? it.effectiveDateTime ?? it.dateAsserted)
    const until = it.resourceType === 'MedicationStatement' ? it.effectivePeriod?.end : undefined
    return fields.span(since, until)
  }
  const byWhom = (it: Medication) =>
    it.resourceType === 'MedicationRequest' ? it.requester?.display : it.informationSource?.display
  const reasonOf = (it: Medication) =>
    it.resourceType === 'MedicationRequest'
      ? (it.reasonReference?.[0]?.display ?? conceptOf(it.reasonCode?.[0]))
      : ''
  const entry = (it: Medication, quiet: boolean) => (
    <Entry
      key={it.id}
      pending={it.pending}
      quiet={quiet}
      title={medicationOf(it)}
      chips={
        <>
          {it.resourceType === 'MedicationStatement' && <Chip>{t('medication.reported')}</Chip>}{' '}
          {it.status === 'on-hold' && <Chip kind="warn">{t('medication.onHold')}</Chip>}
          {quiet && <Chip>{statusWords(it.status)}</Chip>}
        </>
      }
      lines={[
        dosageOf(it),
        [reasonOf(it) && t('medication.for', { reason: reasonOf(it) }), ...whenOf(it), byWhom(it)]
          .filter(Boolean)
          .join(' · '),
        notesOf(it),
      ]}
      action={
        writes &&
        !quiet && (
          <Act label={t('medication.stopLabel', { name: medicationOf(it) })} onClick={() => begin(it)}>
            {t('medication.stop')}
          </Act>
        )
      }
    />
  )
  return (
    <Part
      title={t('chart.section_medications')}
      actions={writes && stated && <Button onClick={() => begin('add')}>{t('medication.add')}</Button>}
    >
      <Records
        none={t('medication.none')}
        present={present}
        past={past}
        pastTitle={t('medication.past')}
        entry={entry}
      />
      {doing === 'add' && (
        <AddRecord
          type="MedicationStatement"
          title={t('medication.add')}
          submit={t('medication.save')}
          fields={[
            {
              key: 'text',
              label: t('medication.text'),
              kind: 'text',
              hint: t('medication.textHint'),
              needed: t('medication.textNeeded'),
            },
            {
              key: 'dosage',
              label: t('medication.dosage'),
              kind: 'text',
              hint: t('medication.dosageHint'),
              needed: t('medication.dosageNeeded'),
            },
            {
              key: 'since',
              label: t('medication.since'),
              kind: 'date',
              check: fields.notAhead,
            },
            fields.note,
          ]}
          build={({ text, dosage, since, note }, now) => ({
            resourceType: 'MedicationStatement',
            status: 'active',
            medicationCodeableConcept: { text: text?.trim() },
            subject: { reference: `Patient/${id}` },
            effectivePeriod: since ? { start: since } : undefined,
            dateAsserted: now,
            informationSource: { display: me.person.name },
            dosage: [{ text: dosage?.trim() }],
            note: noteOf(note),
          })}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && <Stop medication={doing} onDone={done} />}
    </Part>
  )
}

function Stop({ medication, onDone }: { medication: Medication; onDone(): void }) {
  const { t } = useTranslation()
  const { ended } = useFields()
  const { zone } = useChart()
  const props = {
    record: medication.id,
    title: t('medication.stopTitle', { name: medicationOf(medication) }),
    submit: t('medication.stopSave'),
    begin: { how: 'stopped', on: today(zone), note: '' },
    onDone,
  }
  const how = {
    key: 'how',
    label: t('medication.how'),
    kind: 'select' as const,
    options: (['stopped', 'completed', 'on-hold', 'entered-in-error'] as const).map((value) => ({
      value,
      label: t(`medication.how_${value}`),
    })),
  }
  const why = {
    key: 'note',
    label: t('medication.why'),
    kind: 'area' as const,
    needed: t('medication.whyNeeded'),
  }
  const describe = (it: Medication): [string, string][] => [
    [t('medication.text'), medicationOf(it)],
    [t('medication.dosage'), dosageOf(it)],
    [t('chart.status'), statusWords(it.status)],
    [t('chart.note'), notesOf(it)],
  ]
  if (medication.resourceType === 'MedicationRequest')
    return (
      <ChangeRecord
        type="MedicationRequest"
        {...props}
        fields={[how, why]}
        build={(values, standing, now) => ({
          status: values.how,
          note: noteAdded(standing, values.note, now),
        })}
        describe={describe}
      />
    )
  return (
    <ChangeRecord
      type="MedicationStatement"
      {...props}
      fields={[how, ended, why]}
      build={(values, standing, now) => ({
        status: values.how,
        ...(values.on &&
          ['stopped', 'completed'].includes(values.how ?? '') &&
          !standing.effectiveDateTime && {
            effectivePeriod: { ...standing.effectivePeriod, end: values.on },
          }),
        note: noteAdded(standing, values.note, now),
      })}
      describe={describe}
    />
  )
}
