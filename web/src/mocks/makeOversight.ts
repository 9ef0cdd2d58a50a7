import type { Figures, Keeping, LogLine, ReviewWhole } from '@/api/oversight'
import { PATIENT } from './log'

/** Everything here is invented. */
export const MEASURES = [
  'residents',
  'admitted',
  'discharged',
  'incidents-fall',
  'incidents-wound',
  'incidents-behaviour',
  'incidents-other',
  'notes-begun',
  'notes-in-time',
  'notes-late',
  'doses-given',
  'doses-not-given',
  'doses-late',
  'emergencies',
  'exports',
  'refusals',
] as const

export interface MockOversight {
  lines: LogLine[]
  figures: Figures
  review: ReviewWhole | null
  keeping: Keeping
}

const line = (n: number, more: Partial<LogLine> = {}): LogLine => ({
  event: `01981f3e-7c1a-7b52-8f6e-00000000010${n}`,
  at: `2026-11-2${n}T15:30:00Z`,
  who: { kind: 'person', name: 'Amara Osei', role: 'Head nurse', on_behalf_of: null, own: false },
  what: 'viewed',
  record: 'Observation',
  outcome: 'done',
  purpose: 'TREAT',
  facility: 'Rosewood House',
  address: '203.0.113.7',
  membership: 3,
  patients: [{ patient: PATIENT, name: 'Wren Alder' }],
  concerned: 1,
  ...more,
})

const span = (day: string, ...values: (number | null)[]) => ({
  from: day,
  to: day,
  values: [...values, ...MEASURES.slice(values.length).map(() => 0)],
})

export const makeOversight = (): MockOversight => ({
  lines: [
    line(2, { concerned: 12 }),
    line(1, { outcome: 'refused', what: 'deleted', membership: 7 }),
    line(0, { what: 'exported', record: null, patients: [], concerned: 0, membership: 9 }),
  ],
  figures: {
    from: '2026-11-21',
    to: '2026-11-22',
    step: 'day',
    at: '2026-11-22T15:30:00Z',
    measures: [...MEASURES],
    hidden: [],
    few: false,
    facilities: [
      {
        code: 'rose',
        name: 'Rosewood House',
        time_zone: 'America/New_York',
        spans: [span('2026-11-21', 40, 1, 0, 2, 1), span('2026-11-22', 42, 2, 0, 1, 0)],
      },
      {
        code: 'elm',
        name: 'Elm Court Assisted Living',
        time_zone: 'America/New_York',
        spans: [span('2026-11-21', 30, 0, 1, 0, 0), span('2026-11-22', 30, 0, 0, 3, 0)],
      },
    ],
    elsewhere: [span('2026-11-21'), span('2026-11-22')],
  },
  review: null,
  keeping: {
    records: { years: 5, least: 5, rule: '42 CFR 483.70(h)(4)' },
    log: { years: 6, least: 6, rule: '45 CFR 164.316(b)(2)(i)' },
    review_days: 90,
    erasure_days: 7,
    adult_years: 18,
    version: 0,
    destroys: false,
    log_since: '2026-01-01T00:00:00Z',
    proof: { state: 'not-set-up', last_at: null },
    sealed_events: null,
    archive: { state: 'working', last_at: '2026-11-22T08:00:00Z' },
    backup: { state: 'working', last_at: '2026-11-22T02:17:00Z' },
    rehearsal: { state: 'failing', last_at: '2026-11-21T02:21:00Z' },
  },
})
