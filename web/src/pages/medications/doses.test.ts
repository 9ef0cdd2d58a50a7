import type { DoseView } from '@/api/medications'
import { allergiesOf, byRoom, stateAt, thousandths } from './doses'
import { dayAfter, daysOf, ordersOf } from './mar'
import { fits } from './packages'

test('a dose goes on from later over due and late to missed while a page is open', () => {
  const dose: DoseView = {
    due: '2026-11-22T08:00:00Z',
    state: 'later',
    missed: '2026-11-22T14:00:00Z',
    elsewhere: false,
  }
  const of = (time: string) => stateAt(dose, Date.parse(`2026-11-22T${time}:00Z`))
  expect(['06:59', '07:00', '08:00', '09:00', '09:01', '13:59', '14:00'].map(of)).toEqual([
    'later',
    'early',
    'due',
    'due',
    'late',
    'late',
    'missed',
  ])
  expect(stateAt({ ...dose, state: 'given' }, Date.parse('2026-11-23T00:00:00Z'))).toBe('given')
})

test('a package is known by each way its code is written', () => {
  const codes = ['861007', '0093-1048-01']
  for (const read of [
    '861007',
    '0093-1048-01',
    '0093104801',
    '00093104801',
    '300931048016',
    '00300931048019',
    '01003009310480191726010110ABC',
  ])
    expect([read, fits(read, codes)]).toEqual([read, true])
  for (const read of ['', '861008', '0093-1048-02', '300931049016'])
    expect([read, fits(read, codes)]).toEqual([read, false])
})

test('amounts are thousandths, and what is none is said', () => {
  expect(['1', '0.5', '1,25', '-2', '', 'two', '1.2345'].map(thousandths)).toEqual([
    1000,
    500,
    1250,
    -2000,
    null,
    null,
    null,
  ])
})

test('a week on which the clock is set has seven days, and each time one line', () => {
  const zone = 'America/New_York'
  const mar = { from: '2026-10-28T04:00:00Z', until: '2026-11-04T05:00:00Z', zone }
  expect(daysOf(mar)).toEqual([
    '2026-10-28',
    '2026-10-29',
    '2026-10-30',
    '2026-10-31',
    '2026-11-01',
    '2026-11-02',
    '2026-11-03',
  ])
  expect(dayAfter('2026-02-28', 1)).toBe('2026-03-01')
  const dose = (due: string): DoseView => ({ due, state: 'later', elsewhere: false })
  const order = {
    order: 'o',
    version: 'W/"1"',
    medication: 'Metformin',
    status: 'active' as const,
    unclear: false,
    codes: [],
    sheets: [],
    doses: [
      dose('2026-10-31T12:00:00Z'),
      dose('2026-11-01T13:00:00Z'),
      {
        due: null,
        at: '2026-11-01T15:00:00Z',
        state: 'given' as const,
        administration: 'a',
        elsewhere: false,
      },
    ],
  }
  const [only] = ordersOf({ orders: [order], zone })
  expect(only?.lines.map((it) => [it.time, [...it.doses.keys()]])).toEqual([
    ['08:00', ['2026-10-31', '2026-11-01']],
    [null, ['2026-11-01']],
  ])
})

test('that no allergy is known is no allergy, and rooms are in the order of a walk', () => {
  const resident = (allergies: string[], room: string | null = null) => ({
    patient: 'p',
    name: 'N',
    zone: 'UTC',
    orders: [],
    allergies,
    room,
  })
  expect(allergiesOf(resident(['No known allergies']))).toEqual({ some: [], noneKnown: 'No known allergies' })
  expect(allergiesOf(resident(['No known drug allergies', 'Latex'])).some).toEqual(['Latex'])
  expect(allergiesOf(resident([]))).toEqual({ some: [], noneKnown: undefined })
  const rooms = ['Room 10', 'Room 9', null, 'Room 9 B'].map((room) => resident([], room)).toSorted(byRoom)
  expect(rooms.map((it) => it.room)).toEqual(['Room 9', 'Room 9 B', 'Room 10', null])
})
