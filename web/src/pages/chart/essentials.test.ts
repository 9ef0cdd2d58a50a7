import type { Consent, Observation } from '@/api/fhirTypes'
import { codeStatusOf } from './essentials'

const said = (effectiveDateTime: string, text: string, code?: string, status = 'final') =>
  ({
    resourceType: 'Observation',
    id: text,
    status,
    effectiveDateTime,
    valueCodeableConcept: { coding: code ? [{ code }] : undefined, text },
  }) as unknown as Observation

test('the code status is the latest that stands, in whatever order records come', () => {
  const full = said('2026-01-02T09:00:00Z', 'Full code', '304252001')
  const less = said('2026-03-04T09:00:00-05:00', 'Do not resuscitate', '304253006')
  const wrong = said('2026-05-06T09:00:00Z', 'Comfort measures only', '133918004', 'entered-in-error')
  expect(codeStatusOf([full, wrong, less], null)).toEqual({ words: 'Do not resuscitate', limits: true })
  expect(codeStatusOf([full], null)).toEqual({ words: 'Full code', limits: false })
  expect(codeStatusOf([wrong], [])).toBeUndefined()
})

test('a consent not to be resuscitated counts where no code status is recorded', () => {
  const consent = {
    resourceType: 'Consent',
    id: 'dnr',
    status: 'active',
    category: [{ coding: [{ code: 'dnr', display: 'Do Not Resuscitate' }] }],
  } as unknown as Consent
  expect(codeStatusOf(null, [consent])).toEqual({ words: 'Do Not Resuscitate', limits: true })
})
