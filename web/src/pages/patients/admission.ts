import { isAskable } from '@/api/chartQueries'
import type { Criteria, fhirIn } from '@/api/fhir'
import type { ContactPoint, Patient } from '@/api/fhirTypes'
import { isPhone } from '@/pages/chart/words'

/** What is asked of someone who comes to live or be treated here. */
export interface Newcomer {
  given: string
  family: string
  birthDate: string
  gender: string
  facility: string
  phone: string
  room: string
  contactName: string
  contactRelation: string
  contactPhone: string
}
export type NewcomerField = keyof Newcomer

export type AdmissionFault = 'needed' | 'date' | 'phone' | 'contactName'

const NEEDED: NewcomerField[] = ['given', 'family', 'birthDate', 'gender']
const OLDEST = 130

export function faultOf(
  field: NewcomerField,
  newcomer: Newcomer,
  { day, several }: { day: string; several: boolean },
): AdmissionFault | undefined {
  const value = newcomer[field].trim()
  if (value === '') {
    if (NEEDED.includes(field) || (field === 'facility' && several)) return 'needed'
    if (field === 'contactName' && (newcomer.contactPhone.trim() || newcomer.contactRelation.trim()))
      return 'contactName'
    return undefined
  }
  if (field === 'birthDate') {
    const years = Number(day.slice(0, 4)) - Number(value.slice(0, 4))
    return value > day || years > OLDEST ? 'date' : undefined
  }
  if (field === 'phone' || field === 'contactPhone') return isPhone(value) ? undefined : 'phone'
  return undefined
}

/** Those who may be the same person: of that birthday with a like name, or of that very name. */
export async function likeThem(
  fhir: Pick<ReturnType<typeof fhirIn>, 'search'>,
  { given, family, birthDate }: Newcomer,
  known: ReadonlySet<string>,
): Promise<Patient[]> {
  const [first, last] = [given.trim(), family.trim()]
  const questions: Criteria[] = [
    { birthdate: birthDate, phonetic: last },
    { birthdate: birthDate, name: last },
    { birthdate: birthDate, phonetic: first },
    { name: [first, last] },
  ]
  const found = await Promise.all(
    questions
      .filter((it) => isAskable(it, known))
      .map((criteria) => fhir.search('Patient', { ...criteria, _count: '5' })),
  )
  // Whose chart goes on in another is found by that one.
  const isGone = (it: Patient) => it.link?.some((link) => link.type === 'replaced-by')
  const all = found.flatMap((page) => page.items).filter((it) => !isGone(it))
  return all.filter((it, i) => all.findIndex((other) => other.id === it.id) === i)
}

const phones = (value: string, use: string): ContactPoint[] | undefined =>
  value.trim() ? [{ system: 'phone', value: value.trim(), use }] : undefined

export function newPatient(
  newcomer: Newcomer,
  facility: string | undefined,
  organization: string | undefined,
): Omit<Patient, 'id'> {
  const [given, family] = [newcomer.given.trim(), newcomer.family.trim()]
  const contact = newcomer.contactName.trim()
  return {
    resourceType: 'Patient',
    active: true,
    name: [{ use: 'official', text: `${given} ${family}`, family, given: given.split(/\s+/) }],
    telecom: phones(newcomer.phone, 'home'),
    gender: newcomer.gender,
    birthDate: newcomer.birthDate,
    contact: contact
      ? [
          {
            relationship: [
              {
                coding: [
                  {
                    system: 'http://terminology.hl7.org/CodeSystem/v2-0131',
                    code: 'C',
                    display: 'Emergency Contact',
                  },
                ],
                text: newcomer.contactRelation.trim() || undefined,
              },
            ],
            name: { text: contact },
            telecom: phones(newcomer.contactPhone, 'mobile'),
          },
        ]
      : undefined,
    managingOrganization: facility
      ? { reference: organization && `Organization/${organization}`, display: facility }
      : undefined,
  }
}
