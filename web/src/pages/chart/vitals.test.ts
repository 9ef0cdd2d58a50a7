import type { Observation } from '@/api/fhirTypes'
import { write } from '@/api/json'
import { ageOn, moment, onDay, wall } from '@/texts/zone'
import { allergyWords, severityOf } from './essentials'
import {
  FIELDS,
  type Field,
  judge,
  LIMITS,
  observationsOf,
  roundsOf,
  shownNumbers,
  type Typed,
} from './vitals'
import { narrativeWords } from './words'

const typed = (
  values: Partial<Record<Field, string>>,
  units: Partial<Record<Field, string>> = {},
): Typed => ({
  values: { ...(Object.fromEntries(FIELDS.map((it) => [it, ''])) as Record<Field, string>), ...values },
  units: {
    ...(Object.fromEntries(FIELDS.map((it) => [it, LIMITS[it].units[0]?.code])) as Record<Field, string>),
    ...units,
  },
  date: '',
  time: '',
  note: '',
})

test('what cannot be is refused, what is unusual is told, in whichever unit it was typed', () => {
  expect(judge('temperature', typed({ temperature: '36,9' }))).toEqual({})
  expect(judge('temperature', typed({ temperature: '38.5' }))).toEqual({ unusual: true })
  expect(judge('temperature', typed({ temperature: '98.6' }))).toMatchObject({ fault: 'impossible' })
  const fahrenheit = { temperature: '[degF]' }
  expect(judge('temperature', typed({ temperature: '98.6' }, fahrenheit))).toEqual({})
  expect(judge('temperature', typed({ temperature: '36.9' }, fahrenheit))).toEqual({
    fault: 'impossible',
    low: '77',
    high: '113',
  })
  expect(judge('weight', typed({ weight: '180' }, { weight: '[lb_av]' }))).toEqual({})
  expect(judge('pulse', typed({ pulse: '82.5' }))).toEqual({ fault: 'decimals' })
  expect(judge('pulse', typed({ pulse: 'fast' }))).toEqual({ fault: 'number' })
  expect(judge('diastolic', typed({ systolic: '120' }))).toEqual({ fault: 'both' })
  expect(judge('diastolic', typed({ systolic: '120', diastolic: '130' }))).toEqual({ fault: 'above' })
  expect(judge('pain', typed({ pain: '11' }))).toMatchObject({ fault: 'impossible' })
  expect(judge('pain', typed({}))).toEqual({})
})

test('a measurement is written with its code, its unit in UCUM, and the digits that were typed', () => {
  const circumstances = { patient: 'p', at: '2026-11-22T08:00:00-05:00', now: 'n', performer: 'Amara' }
  const made = observationsOf(typed({ temperature: '37.0', systolic: '139', diastolic: '77' }), circumstances)
  expect(made.map((it) => it.kind)).toEqual(['pressure', 'temperature'])
  const text = made.map((it) => write(it.resource))
  expect(text[1]).toContain(
    '"valueQuantity":{"value":37.0,"unit":"°C","system":"http://unitsofmeasure.org","code":"Cel"}',
  )
  expect(JSON.parse(text[0] ?? '')).toMatchObject({
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    component: [
      { code: { coding: [{ code: '8480-6' }] }, valueQuantity: { value: 139, code: 'mm[Hg]' } },
      { code: { coding: [{ code: '8462-4' }] }, valueQuantity: { value: 77, code: 'mm[Hg]' } },
    ],
  })
  // The same words are the same measurement, others are another.
  const again = observationsOf(
    typed({ temperature: '37.0', systolic: '141', diastolic: '77' }),
    circumstances,
  )
  expect(again[1]?.print).toBe(made[1]?.print)
  expect(again[0]?.print).not.toBe(made[0]?.print)
})

test('measurements of one go stand together, what was entered in error stands nowhere', () => {
  const one = (id: string, at: string, code: string, status = 'final'): Observation => ({
    resourceType: 'Observation',
    id,
    status,
    code: { coding: [{ code }] },
    effectiveDateTime: at,
  })
  const rounds = roundsOf([
    one('a', '2026-11-22T09:02:00Z', '8867-4'),
    one('b', '2026-11-22T04:00:00-05:00', '85354-9'),
    one('c', '2026-11-22T08:00:00Z', '8867-4'),
    one('d', '2026-11-22T09:01:00Z', '8867-4', 'entered-in-error'),
  ])
  expect(rounds.map((it) => Object.values(it.of).map((of) => of.id))).toEqual([['a', 'b'], ['c']])
  expect(shownNumbers('temperature', [{ value: 37 }])).toBe('37.0')
})

test('a wall clock is that of the facility, in summer and winter', () => {
  expect(moment('2026-07-01', '08:30', 'America/New_York')).toBe('2026-07-01T08:30:00-04:00')
  expect(moment('2026-12-01', '08:30', 'America/New_York')).toBe('2026-12-01T08:30:00-05:00')
  expect(moment('2026-11-01', '00:30', 'America/New_York')).toBe('2026-11-01T00:30:00-04:00')
  expect(moment('2026-11-01', '12:00', 'Asia/Kolkata')).toBe('2026-11-01T12:00:00+05:30')
  expect(moment('2026-13-01', '08:30', 'America/New_York')).toBeUndefined()
  expect(wall(new Date('2026-11-22T03:00:00Z'), 'America/Denver')).toEqual({
    date: '2026-11-21',
    time: '20:00',
  })
  expect([onDay('1941', 'UTC'), onDay('1941-03', 'UTC'), onDay('1941-03-09', 'Asia/Tokyo')]).toEqual([
    '1941',
    'Mar 1941',
    'Mar 9, 1941',
  ])
  expect([ageOn('1941-11-23', '2026-11-22'), ageOn('1941-11-22', '2026-11-22')]).toEqual([84, 85])
  expect([ageOn('1941', '2026-11-22'), ageOn(undefined, '2026-11-22')]).toEqual([85, undefined])
})

test('none known and none recorded are different words, and the worst allergy stands first', () => {
  const one = (id: string, some: object = {}) => ({
    resourceType: 'AllergyIntolerance' as const,
    id,
    ...some,
  })
  expect(allergyWords([])).toEqual({ kind: 'none-recorded' })
  const none = one('n', { code: { text: 'No known allergies', coding: [{ code: '716186003' }] } })
  expect(allergyWords([none])).toEqual({ kind: 'none-known', what: 'No known allergies' })
  const mild = one('m', { reaction: [{ severity: 'mild' }] })
  const severe = one('s', { reaction: [{ severity: 'mild' }, { severity: 'severe' }] })
  const refuted = one('r', { verificationStatus: { coding: [{ code: 'refuted' }] } })
  const words = allergyWords([none, mild, refuted, severe])
  expect(words.kind === 'some' && words.allergies.map((it) => it.id)).toEqual(['s', 'm'])
  expect(allergyWords([refuted])).toEqual({ kind: 'none-recorded' })
  expect(severityOf(one('h', { criticality: 'high' }))).toBe('high')
})

test('a narrative is words, whatever markup it holds', () => {
  const div =
    '<div xmlns="x"><p>Ate &amp; drank<br/>well &#8212; slept</p><script>alert(1)</script><p>a &lt;b&gt;</p></div>'
  expect(narrativeWords(div)).toBe('Ate & drank\nwell — slept\nalert(1)a <b>')
})
