import { useTranslation } from 'react-i18next'
import type { ContactPoint, Patient, RelatedPerson } from '@/api/fhirTypes'
import { ChangeRecord } from './ChangeRecord'
import type { FieldSpec, Values } from './RecordForm'
import { useChart, useRecords } from './useChart'
import { useFields } from './useFields'
import { emailsOf, isEmergency, nameOf, phonesOf } from './words'

type Contact = NonNullable<Patient['contact']>[number]

/** The first of its kind as typed, the others as they were. */
export function reached(
  before: ContactPoint[] | undefined,
  system: 'phone' | 'email',
  value: string | undefined,
  use: string,
): ContactPoint[] {
  const all = before ?? []
  const first = all.findIndex((it) => it.system === system)
  const said = value?.trim()
  if (first < 0) return said ? [...all, { system, value: said, use }] : all
  if (!said) return all.filter((_, i) => i !== first)
  return all.map((it, i) => (i === first ? { ...it, value: said } : it))
}

function useContactFields(): FieldSpec[] {
  const { t } = useTranslation()
  const { phone, email } = useFields()
  return [
    { key: 'name', label: t('care.contactName'), kind: 'text', needed: t('care.contactNeeded') },
    { key: 'relation', label: t('care.relation'), kind: 'text' },
    phone,
    email,
  ]
}

const listOf = (patient: Patient) =>
  (patient.contact ?? [])
    .map((it) =>
      [nameOf(it.name), it.relationship?.[0]?.text, ...phonesOf(it.telecom)].filter(Boolean).join(', '),
    )
    .join('\n')

function contactOf(values: Values, before?: Contact): Contact {
  const name = values.name?.trim() ?? ''
  const others = (before?.relationship ?? []).filter((it) => !it.coding?.some((c) => c.code === 'C'))
  const relation = values.relation?.trim()
  const emergency = {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C', display: 'Emergency Contact' },
    ],
    text: relation || undefined,
  }
  const plain = { ...others[0], text: relation || undefined }
  const relationship = values.emergency === 'yes' ? [emergency] : relation ? [plain] : undefined
  const telecom = reached(
    reached(before?.telecom, 'phone', values.phone, 'mobile'),
    'email',
    values.email,
    'home',
  )
  return {
    ...before,
    relationship,
    name: nameOf(before?.name) === name ? before?.name : { text: name },
    telecom: telecom.length > 0 ? telecom : undefined,
  }
}

/** A contact of the patient's own record, added or changed. */
export function ContactForm({ at, onDone }: { at?: number; onDone(): void }) {
  const { t } = useTranslation()
  const { id, patient } = useChart()
  const fields = useContactFields()
  const contact = at === undefined ? undefined : patient.contact?.[at]
  const name = nameOf(contact?.name)
  return (
    <ChangeRecord
      type="Patient"
      record={id}
      form={at === undefined ? 'contact' : `contact ${at}`}
      title={t(at === undefined ? 'care.addContact' : 'care.changeContact')}
      submit={t('chart.save')}
      begin={{
        name,
        relation: contact?.relationship?.[0]?.text ?? '',
        phone: phonesOf(contact?.telecom)[0] ?? '',
        email: emailsOf(contact?.telecom)[0] ?? '',
        emergency: contact && isEmergency(contact) ? 'yes' : '',
      }}
      fields={[...fields, { key: 'emergency', label: t('care.isEmergency'), kind: 'check' }]}
      build={(values, standing) => {
        const all = standing.contact ?? []
        // The one that was looked at, wherever it stands by now.
        const place = contact ? all.findIndex((it) => nameOf(it.name) === name) : -1
        if (place < 0) return { contact: [...all, contactOf(values)] }
        return { contact: all.map((it, i) => (i === place ? contactOf(values, it) : it)) }
      }}
      describe={(it) => [[t('chart.contactPersons'), listOf(it)]]}
      onDone={onDone}
    />
  )
}

export function RemoveContact({ at, onDone }: { at: number; onDone(): void }) {
  const { t } = useTranslation()
  const { id, patient } = useChart()
  const name = nameOf(patient.contact?.[at]?.name)
  return (
    <ChangeRecord
      type="Patient"
      record={id}
      form={`remove ${at}`}
      title={t('care.removeContactTitle', { name })}
      submit={t('care.removeContact')}
      begin={{}}
      fields={[]}
      build={(_, standing) => {
        const rest = (standing.contact ?? []).filter((it) => nameOf(it.name) !== name)
        return { contact: rest.length > 0 ? rest : undefined }
      }}
      describe={(it) => [[t('chart.contactPersons'), listOf(it)]]}
      onDone={onDone}
    />
  )
}

/** A person with a record of their own. */
export function RelatedForm({ record, onDone }: { record: string; onDone(): void }) {
  const { t } = useTranslation()
  const fields = useContactFields()
  const all = useRecords('RelatedPerson') ?? []
  const person = all.find((it) => it.id === record)
  const relation = (it: RelatedPerson | undefined) => it?.relationship?.[0]?.text ?? ''
  return (
    <ChangeRecord
      type="RelatedPerson"
      record={record}
      title={t('care.changeContact')}
      submit={t('chart.save')}
      begin={{
        name: nameOf(person?.name),
        relation: relation(person),
        phone: phonesOf(person?.telecom)[0] ?? '',
        email: emailsOf(person?.telecom)[0] ?? '',
        gone: '',
      }}
      fields={[...fields, { key: 'gone', label: t('care.removeContact'), kind: 'check' }]}
      build={(values, standing) => {
        const telecom = reached(
          reached(standing.telecom, 'phone', values.phone, 'mobile'),
          'email',
          values.email,
          'home',
        )
        const name = values.name?.trim()
        const said = values.relation?.trim()
        return {
          ...(values.gone === 'yes' && { active: false }),
          ...(nameOf(standing.name) !== name && { name: [{ text: name }] }),
          ...(relation(standing) !== said && {
            relationship: said ? [{ ...standing.relationship?.[0], text: said }] : undefined,
          }),
          telecom: telecom.length > 0 ? telecom : undefined,
        }
      }}
      describe={(it) => [
        [t('care.contactName'), nameOf(it.name)],
        [t('care.relation'), relation(it)],
        [t('care.phone'), phonesOf(it.telecom).join(', ')],
        [t('care.email'), emailsOf(it.telecom).join(', ')],
      ]}
      onDone={onDone}
    />
  )
}
