import type { Annotation, CodeableConcept } from '@/api/fhirTypes'

export const SYSTEMS = {
  icd10: 'http://hl7.org/fhir/sid/icd-10-cm',
  snomed: 'http://snomed.info/sct',
  cvx: 'http://hl7.org/fhir/sid/cvx',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
} as const

const DISPLAYS: Record<string, string> = {
  active: 'Active',
  inactive: 'Inactive',
  resolved: 'Resolved',
  confirmed: 'Confirmed',
  unconfirmed: 'Unconfirmed',
  refuted: 'Refuted',
  'entered-in-error': 'Entered in Error',
  'problem-list-item': 'Problem List Item',
}

/** A status of HL7's own code systems. */
export const statusOf = (system: string, code: string): CodeableConcept => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code, display: DISPLAYS[code] }],
})

/** What is said of a record when it is made; nothing when nothing was typed. */
export const noteOf = (text: string | undefined): Annotation[] | undefined =>
  text?.trim() ? [{ text: text.trim() }] : undefined

/** The notes of a record with one more; as they are when nothing was typed. */
export function noteAdded<R extends { note?: Annotation[] }>(
  standing: R,
  text: string | undefined,
  now: string,
): Annotation[] | undefined {
  if (!text?.trim()) return standing.note
  const added = { ...(now && { time: now }), text: text.trim() }
  return [...(standing.note ?? []), added]
}

export const notesOf = ({ note }: { note?: Annotation[] }): string =>
  (note ?? []).flatMap((it) => it.text ?? []).join('\n')
