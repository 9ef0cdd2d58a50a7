import type { Coding } from '@/api/noteTypes'

const loinc = (code: string, display: string): Coding => ({ system: 'http://loinc.org', code, display })
const ucum = (code: string, display: string): Coding => ({
  system: 'http://unitsofmeasure.org',
  code,
  display,
})

/** The document types that notes are of, by LOINC. */
export const KINDS: readonly Coding[] = [
  loinc('34746-8', 'Nurse Note'),
  loinc('28623-7', 'Nurse Progress note'),
  loinc('34744-3', 'Nurse Admission evaluation note'),
  loinc('11506-3', 'Provider-unspecified Progress note'),
  loinc('18733-6', 'Physician attending Progress note'),
  loinc('18842-5', 'Discharge summary'),
  loinc('34904-3', 'Mental health Progress note'),
  loinc('46215-0', 'Wound care management Note'),
]

/** Units that are in use at a bedside, by UCUM. */
export const UNITS: readonly Coding[] = [
  ucum('kg', 'kg'),
  ucum('[lb_av]', 'lb'),
  ucum('cm', 'cm'),
  ucum('mm', 'mm'),
  ucum('mm[Hg]', 'mmHg'),
  ucum('/min', '/min'),
  ucum('%', '%'),
  ucum('Cel', '°C'),
  ucum('[degF]', '°F'),
  ucum('mL', 'mL'),
  ucum('L/min', 'L/min'),
  ucum('mg/dL', 'mg/dL'),
  ucum('min', 'min'),
  ucum('h', 'h'),
]
