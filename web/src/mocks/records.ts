import type { Resource } from '@/api/fhirTypes'

/** A record as it is kept: the text that came. Everyone here is invented. */
export interface MockRecord {
  type: string
  id: string
  version: number
  text: string
}

export const patientId = (n: number) => `0195f2a0-0000-7000-8000-0000000a${String(n).padStart(4, '0')}`
const id = (n: number) => `0195f2a0-0000-7000-8000-0000000b${String(n).padStart(4, '0')}`

const HOUR = 3_600_000
const clinical = (code: string) => ({ coding: [{ code }] })
const terminology = (system: string) => `http://terminology.hl7.org/CodeSystem/${system}`

interface Person {
  n: number
  given: string
  family: string
  birthDate: string
  gender: string
  facility: 'Rosewood House' | 'Elm Court Assisted Living'
}

const organization = { 'Rosewood House': id(9001), 'Elm Court Assisted Living': id(9002) }

const person = ({ n, given, family, birthDate, gender, facility }: Person): object => ({
  resourceType: 'Patient',
  id: patientId(n),
  identifier: [
    { type: { coding: [{ code: 'MR' }] }, system: 'https://lamplight.example/mrn', value: `RW-${1000 + n}` },
  ],
  active: true,
  name: [{ use: 'official', text: `${given} ${family}`, family, given: [given] }],
  telecom: [{ system: 'phone', value: `+1-555-010-00${n}0`, use: 'home' }],
  gender,
  birthDate,
  contact: [
    {
      relationship: [{ coding: [{ system: terminology('v2-0131'), code: 'C' }], text: 'Daughter' }],
      name: { text: `Ada ${family}` },
      telecom: [{ system: 'phone', value: `+1-555-010-00${n}1` }],
    },
  ],
  managingOrganization: { reference: `Organization/${organization[facility]}`, display: facility },
})

const rose = 'Rosewood House'
const elm = 'Elm Court Assisted Living'

const vital = (n: number, of: number, at: string, code: string, value: object): object => ({
  resourceType: 'Observation',
  id: id(n),
  status: 'final',
  category: [{ coding: [{ system: terminology('observation-category'), code: 'vital-signs' }] }],
  code: { coding: [{ system: 'http://loinc.org', code }] },
  subject: { reference: `Patient/${patientId(of)}` },
  effectiveDateTime: at,
  performer: [{ display: 'Jonas Wetherby' }],
  ...value,
})
const pressure = (systolic: number, diastolic: number) => ({
  component: [
    {
      code: { coding: [{ code: '8480-6' }] },
      valueQuantity: { value: systolic, unit: 'mmHg', code: 'mm[Hg]' },
    },
    {
      code: { coding: [{ code: '8462-4' }] },
      valueQuantity: { value: diastolic, unit: 'mmHg', code: 'mm[Hg]' },
    },
  ],
})
const quantity = (value: number, unit: string, code: string) => ({ valueQuantity: { value, unit, code } })

/** Walter has a full chart, Olive an empty one, Ines and Inez differ by a letter. */
export function makeRecords(now = Date.now()): MockRecord[] {
  const at = (hours: number) => new Date(now + hours * HOUR).toISOString()
  const walter = { reference: `Patient/${patientId(1)}` }
  const all: object[] = [
    { resourceType: 'Organization', id: organization[rose], name: rose },
    { resourceType: 'Organization', id: organization[elm], name: elm },
    person({
      n: 1,
      given: 'Walter',
      family: 'Ashdown',
      birthDate: '1941-03-09',
      gender: 'male',
      facility: rose,
    }),
    person({
      n: 2,
      given: 'Olive',
      family: 'Kowalczyk',
      birthDate: '1938-11-30',
      gender: 'female',
      facility: rose,
    }),
    person({
      n: 3,
      given: 'Ines',
      family: 'Marchetti',
      birthDate: '1950-07-01',
      gender: 'female',
      facility: elm,
    }),
    person({
      n: 4,
      given: 'Inez',
      family: 'Marchetti',
      birthDate: '1950-07-01',
      gender: 'female',
      facility: rose,
    }),
    {
      resourceType: 'Encounter',
      id: id(1),
      status: 'in-progress',
      type: [{ text: 'Residential admission' }],
      subject: walter,
      period: { start: at(-9000) },
      location: [{ location: { display: 'Room 12' }, status: 'active' }],
    },
    {
      resourceType: 'AllergyIntolerance',
      id: id(2),
      clinicalStatus: clinical('active'),
      verificationStatus: clinical('confirmed'),
      criticality: 'high',
      code: { text: 'Penicillin' },
      patient: walter,
      recordedDate: '2025-04-30',
      reaction: [{ manifestation: [{ text: 'Anaphylaxis' }], severity: 'severe' }],
    },
    {
      resourceType: 'AllergyIntolerance',
      id: id(3),
      clinicalStatus: clinical('active'),
      verificationStatus: clinical('confirmed'),
      code: { coding: [{ code: '716186003', display: 'No known allergy' }], text: 'No known allergies' },
      patient: { reference: `Patient/${patientId(3)}` },
    },
    {
      resourceType: 'Flag',
      id: id(4),
      status: 'active',
      code: { text: 'Fall risk: walker' },
      subject: walter,
    },
    {
      resourceType: 'Observation',
      id: id(5),
      status: 'final',
      code: { coding: [{ system: 'http://snomed.info/sct', code: '304251008' }] },
      subject: walter,
      effectiveDateTime: at(-2000),
      valueCodeableConcept: { text: 'Do not resuscitate' },
    },
    {
      resourceType: 'Condition',
      id: id(6),
      clinicalStatus: clinical('active'),
      verificationStatus: clinical('confirmed'),
      code: {
        coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'I10' }],
        text: 'Essential hypertension',
      },
      subject: walter,
      onsetDateTime: '2017-06-09',
      recordedDate: '2025-04-30',
      note: [{ text: 'Well controlled.' }],
    },
    {
      resourceType: 'MedicationRequest',
      id: id(7),
      status: 'active',
      intent: 'order',
      medicationReference: { display: 'amlodipine 5 MG Oral Tablet' },
      subject: walter,
      authoredOn: at(-4000),
      requester: { display: 'Margaret Åkesson, MD' },
      dosageInstruction: [{ text: '1 tablet by mouth once daily' }],
    },
    vital(10, 1, at(-20), '85354-9', pressure(139, 77)),
    vital(11, 1, at(-20), '8867-4', quantity(82, '/min', '/min')),
    vital(12, 1, at(-20), '8310-5', quantity(98.1, '°F', '[degF]')),
    vital(13, 1, at(-20), '29463-7', quantity(81.7, 'kg', 'kg')),
    vital(14, 1, at(-188), '85354-9', pressure(144, 80)),
    vital(15, 1, at(-188), '8867-4', quantity(88, '/min', '/min')),
    {
      resourceType: 'Composition',
      id: id(20),
      status: 'final',
      type: { text: 'Shift note' },
      subject: walter,
      date: at(-14),
      author: [{ display: 'Pia Brandt' }],
      title: 'Shift note, day shift',
      section: [
        {
          title: 'Observations',
          text: {
            div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ate well &amp; drank <b>well</b>.</p></div>',
          },
        },
      ],
    },
    {
      resourceType: 'Coverage',
      id: id(21),
      status: 'active',
      type: { text: 'Medicare Part B' },
      subscriberId: 'M-1',
      beneficiary: walter,
      payor: [{ display: 'Medicare' }],
    },
  ]
  return all.map((it) => {
    const { resourceType, id } = it as Resource
    return { type: resourceType, id, version: 1, text: JSON.stringify(it) }
  })
}
