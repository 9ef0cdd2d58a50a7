import { expect, test } from 'vitest'
import type { Observation, Resource } from '@/api/fhirTypes'
import { allOf, isNow, measuresOf, stands, wordsOf } from './parts'

const coded = (code: string) => ({ coding: [{ code }] })
const measured = (name: string, at: string, more: Partial<Observation> = {}): Observation => ({
  resourceType: 'Observation',
  id: `${name} ${at}`,
  status: 'final',
  code: { text: name },
  effectiveDateTime: at,
  ...more,
})

test('what was taken back says nothing, and what is over is told from what is not', () => {
  expect(stands({ status: 'entered-in-error' })).toBe(false)
  expect(stands({ verificationStatus: coded('refuted') })).toBe(false)
  expect(stands({ status: 'active' })).toBe(true)
  expect(isNow({ clinicalStatus: coded('resolved') })).toBe(false)
  expect(isNow({ status: 'stopped' })).toBe(false)
  // A status that was not approved is not there.
  expect(isNow({})).toBe(true)
})

test('measurements are told apart by what they are, the latest first', () => {
  const found = measuresOf([
    measured('Wound area', '2026-03-01T08:00:00Z'),
    measured('Height', '2026-03-02T08:00:00Z'),
    measured('Wound area', '2026-03-09T08:00:00Z'),
    measured('Wound area', '2026-03-10T08:00:00Z', { status: 'entered-in-error' }),
    measured('', '2026-03-11T08:00:00Z'),
    measured('Pulse', '2026-03-12T08:00:00Z', { code: { coding: [{ code: '8867-4' }] } }),
  ])
  expect(found.map((it) => [it.name, it.all.map((one) => one.effectiveDateTime?.slice(0, 10))])).toEqual([
    ['Wound area', ['2026-03-09', '2026-03-01']],
    ['Height', ['2026-03-02']],
  ])
})

test('a measurement may be words', () => {
  expect(wordsOf(measured('Wound', '2026-03-01', { valueString: 'Clean' }))).toBe('Clean')
  expect(wordsOf(measured('Wound', '2026-03-01', { valueCodeableConcept: { text: 'Dry' } }))).toBe('Dry')
  expect(wordsOf(measured('Wound', '2026-03-01'))).toBe('')
})

test('records are told apart by their type', () => {
  const all: Resource[] = [measured('x', '2026-03-01'), { resourceType: 'Patient', id: 'p' }]
  expect(allOf(all, 'Patient').map((it) => it.id)).toEqual(['p'])
  expect(allOf(all, 'Goal')).toEqual([])
})
