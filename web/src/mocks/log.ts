import type { Access, OwnTie } from '@/api/types'

export const PATIENT = '01981f3e-7c1a-7b52-8f6e-0a4c2f1d9b10'

const line = (n: number, at: string, more: Partial<Access> = {}): Access => ({
  event: `01981f3e-7c1a-7b52-8f6e-00000000000${n}`,
  at,
  who: { kind: 'person', name: 'Amara Osei', role: 'Head nurse', on_behalf_of: null, own: false },
  what: 'viewed',
  record: 'Observation',
  outcome: 'done',
  purpose: 'TREAT',
  facility: 'Rosewood House',
  address: null,
  ...more,
})

export const makeAccesses = (): Access[] => [
  line(1, '2026-11-22T03:30:00Z', {
    who: { kind: 'person', name: null, role: 'Attorney', on_behalf_of: null, own: false },
  }),
  line(2, '2026-11-21T16:00:00Z', { outcome: 'refused', what: 'exported', record: null }),
  line(3, '2026-11-20T16:00:00Z', { purpose: 'BTG' }),
]

export const makeTies = (): OwnTie[] => [
  {
    patient: PATIENT,
    facility: 'Rosewood House',
    kind: 'self',
    waits_for: [],
    starts_at: '2026-01-01T00:00:00Z',
    ends_at: null,
  },
]
