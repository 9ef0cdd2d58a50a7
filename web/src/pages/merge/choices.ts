import type { Patient } from '@/api/fhirTypes'
import { addressOf, emailsOf, nameOf, phonesOf } from '@/pages/chart/words'
import { onDay } from '@/texts/zone'

/** What of a patient may differ between two charts of one person, by the server's names. */
export const FIELDS = [
  'name',
  'birthDate',
  'gender',
  'telecom',
  'address',
  'contact',
  'photo',
  'deceased',
] as const
export type Field = (typeof FIELDS)[number]

export interface Words {
  /** What a code is called, and that there is a photo. */
  sex(code: string): string
  photo: string
}

/** What a chart says, in words; nothing where it says nothing. */
export function wordsOf(patient: Patient, field: Field, words: Words): string {
  switch (field) {
    case 'name':
      return nameOf(patient.name)
    case 'birthDate':
      return patient.birthDate ? onDay(patient.birthDate, 'UTC') : ''
    case 'gender':
      return patient.gender ? words.sex(patient.gender) : ''
    case 'telecom':
      return [...phonesOf(patient.telecom), ...emailsOf(patient.telecom)].join('\n')
    case 'address':
      return addressOf(patient.address)
    case 'contact':
      return (patient.contact ?? [])
        .map((it) => [nameOf(it.name), ...phonesOf(it.telecom)].filter(Boolean).join(' '))
        .join('\n')
    case 'photo':
      return patient.photo?.[0]?.data ? words.photo : ''
    case 'deceased':
      return patient.deceasedDateTime
        ? onDay(patient.deceasedDateTime, 'UTC')
        : patient.deceasedBoolean
          ? '✓'
          : ''
  }
}

const raw = (patient: Patient, field: Field): unknown =>
  field === 'deceased' ? [patient.deceasedBoolean, patient.deceasedDateTime] : patient[field]

export const differs = (one: Patient, other: Patient, field: Field): boolean =>
  JSON.stringify(raw(one, field) ?? null) !== JSON.stringify(raw(other, field) ?? null)

/** Where who goes on says nothing, what the other says is likely right. */
export const guess = (survivor: Patient, absorbed: Patient): Field[] =>
  FIELDS.filter((field) => {
    const empty = (it: Patient) =>
      [undefined, null, '', '[null,null]', '[]'].includes(
        field === 'deceased' ? JSON.stringify(raw(it, field)) : (JSON.stringify(raw(it, field)) as string),
      )
    return empty(survivor) && !empty(absorbed)
  })

/** Which of the two goes on: the one that is older, with the lower id. */
export const olderFirst = (one: Patient, other: Patient): [Patient, Patient] =>
  one.id < other.id ? [one, other] : [other, one]
