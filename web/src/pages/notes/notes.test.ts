import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Decimal } from '@/api/json'
import { parseAnswers } from '@/api/notes'
import type { Answers, Questionnaire } from '@/api/noteTypes'
import { makeTemplates } from '@/mocks/noteTemplates'
import { differing, same } from './answers'
import { wordDiff } from './diff'
import { codingOf } from './fields/ChoiceInput'
import { readNumber } from './fields/NumberInput'
import { isAsked, isScore, isShown, items, missingOf } from './form'
import { join, sendable } from './join'
import { scoresOf, wordsOf } from './scores'

const [skin, shift] = makeTemplates().map((it) => it.questionnaire) as [Questionnaire, Questionnaire]
const said = (text: string) => [{ valueString: text }]
const coded = (code: string) => [
  { valueCoding: { system: 'https://lamplight.health/fhir/CodeSystem/note-answers', code } },
]

describe('scores', () => {
  const both = (moisture: number, activity: number): Answers => ({
    moisture: coded(`moisture-${moisture}`),
    activity: coded(`activity-${activity}`),
  })
  test('there is none before every required choice is answered', () => {
    expect(scoresOf(skin, {})).toEqual({})
    expect(scoresOf(skin, { moisture: coded('moisture-4') })).toEqual({})
  })
  test('it is the sum, with the words of its band', () => {
    expect(scoresOf(skin, both(1, 1))['risk-score']).toEqual({ value: 2, text: 'High risk', alert: true })
    expect(scoresOf(skin, both(2, 2))['risk-score']).toEqual({ value: 4, text: 'Some risk', alert: false })
    expect(scoresOf(skin, both(4, 4))['risk-score']?.text).toBe('No particular risk')
  })
  test('an unknown code counts nothing, and bands without an end go on', () => {
    const foreign = { ...both(1, 1), activity: [{ valueCoding: { system: 'x', code: 'none' } }] }
    expect(scoresOf(skin, foreign)['risk-score']?.value).toBe(1)
    expect(wordsOf([{ low: 5, text: 'much', alert: true }], 4)).toEqual({ text: null, alert: false })
    expect(wordsOf([{ low: 5, text: 'much', alert: true }], 999).text).toBe('much')
  })
})

describe('conditions', () => {
  test('what is not shown is not needed', () => {
    expect(isShown('pain-level', shift, {})).toBe(false)
    expect(isShown('pain-level', shift, { pain: [{ valueBoolean: true }] })).toBe(true)
    expect(missingOf(shift, {})).toEqual(['mood'])
    expect(missingOf(shift, { mood: coded('calm'), pain: [{ valueBoolean: true }] })).toEqual(['pain-level'])
  })
  test('a circle of conditions ends, and shows nothing', () => {
    const item = (linkId: string, question: string) => ({
      linkId,
      type: 'boolean' as const,
      enableWhen: [{ question, operator: 'exists' as const, answerBoolean: true }],
    })
    const circle: Questionnaire = { resourceType: 'Questionnaire', item: [item('a', 'b'), item('b', 'a')] }
    expect(isShown('a', circle, { a: said('x'), b: said('y') })).toBe(false)
  })
})

describe('joining', () => {
  const base = { a: said('a'), b: said('b'), c: said('c') }
  test('what only one changed is taken from that one', () => {
    const joined = join(base, { ...base, a: said('mine') }, { ...base, b: said('theirs') })
    expect(joined.answers).toEqual({ a: said('mine'), b: said('theirs'), c: said('c') })
    expect(joined.came).toEqual(['b'])
    expect(joined.clashes).toEqual({})
  })
  test('both alike is one; both differently is a clash that loses neither', () => {
    const alike = join(base, { ...base, a: said('x') }, { ...base, a: said('x') })
    expect(alike).toEqual({ answers: { ...base, a: said('x') }, clashes: {}, came: [] })
    const joined = join(base, { ...base, a: said('mine') }, { ...base, a: said('theirs') })
    expect(joined.answers.a).toEqual(said('mine'))
    expect(joined.clashes).toEqual({ a: said('theirs') })
    expect(sendable(joined.answers, joined.clashes).a).toEqual(said('theirs'))
  })
  test('taken out by one and changed by the other is a clash, both ways', () => {
    const { a: _, ...without } = base
    expect(join(base, without, { ...base, a: said('new') }).clashes).toEqual({ a: said('new') })
    const other = join(base, { ...base, a: said('new') }, without)
    expect(other.clashes).toEqual({ a: [] })
    expect(other.answers.a).toEqual(said('new'))
  })
  test('a clash stays one when the others go on elsewhere, and ends when they come to say the same', () => {
    const first = join(base, { ...base, a: said('mine') }, { ...base, a: said('theirs') })
    const server = { ...base, a: said('theirs') }
    const second = join(server, first.answers, { ...server, b: said('more') }, first.clashes)
    expect(second.clashes).toEqual({ a: said('theirs') })
    expect(second.came).toEqual(['b'])
    const third = join(server, second.answers, { ...server, a: said('mine') }, second.clashes)
    expect(third.clashes).toEqual({})
  })
})

describe('numbers', () => {
  const quantity = shift.item?.[1]?.item?.find((it) => it.linkId === 'weight') as never
  const level = shift.item?.[1]?.item?.find((it) => it.linkId === 'pain-level') as never
  test('digits stay as they were typed, there and back', () => {
    const read = readNumber(quantity, '81,70')
    expect(read).toEqual({
      given: [
        {
          valueQuantity: {
            value: new Decimal('81.70'),
            unit: 'kg',
            system: 'http://unitsofmeasure.org',
            code: 'kg',
          },
        },
      ],
    })
    const back = parseAnswers<Answers>(
      '{"weight":[{"valueQuantity":{"value":81.70,"unit":"kg"}}],"n":[{"valueDecimal":2.5}]}',
    )
    expect(back.weight?.[0]?.valueQuantity?.value).toEqual(new Decimal('81.70'))
    expect(back.n).toEqual([{ valueDecimal: 2.5 }])
    expect(same(back.weight, [{ valueQuantity: { unit: 'kg', value: new Decimal('81.70') } }])).toBe(true)
  })
  test('what is none, or out of bounds, is no answer', () => {
    expect(readNumber(quantity, '8o')).toEqual({ fault: 'number' })
    expect(readNumber(quantity, '.')).toEqual({ fault: 'number' })
    expect(readNumber(level, '4.5')).toEqual({ fault: 'whole' })
    expect(readNumber(level, '11')).toEqual({ fault: 'range' })
    expect(readNumber(level, '007')).toEqual({ given: [{ valueInteger: 7 }] })
    expect(readNumber(level, ' ')).toEqual({ given: [] })
  })
})

test('what differs between two texts, word by word', () => {
  expect(wordDiff('Ate all of it', 'Ate half of it, slowly')).toEqual([
    { kind: 'same', text: 'Ate ' },
    { kind: 'gone', text: 'all' },
    { kind: 'new', text: 'half' },
    { kind: 'same', text: ' of ' },
    { kind: 'gone', text: 'it' },
    { kind: 'new', text: 'it, slowly' },
  ])
})

test('a coding is the same whatever it is called', () => {
  const plain = { a: coded('calm') }
  const named = { a: [{ valueCoding: { ...coded('calm')[0]?.valueCoding, display: 'Calm' } }] }
  expect(differing(plain, named)).toEqual([])
})

describe('the standard set', () => {
  const folder = path.join(process.cwd(), '../crates/server/src/areas/notes/standard')
  const set = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Questionnaire,
  )
  test.each(set.map((it) => [it.title, it] as const))(
    '%s can be answered, and its scores come out',
    (_, of) => {
      const answers: Answers = {}
      for (const { item } of items(of)) {
        if (item.type === 'boolean') answers[item.linkId] = [{ valueBoolean: true }]
        if (item.answerOption?.[0]) answers[item.linkId] = [codingOf(item.answerOption[0])]
      }
      const scores = [...items(of)].filter(({ item }) => isScore(item)).map(({ item }) => item.linkId)
      expect(Object.keys(scoresOf(of, answers))).toEqual(scores)
      for (const score of Object.values(scoresOf(of, answers))) expect(score.text).toBeTruthy()
      const asked = [...items(of)].filter(
        ({ item }) => isAsked(item) && item.required && !answers[item.linkId],
      )
      const shown = asked.filter(({ item }) => isShown(item.linkId, of, answers))
      expect(missingOf(of, answers)).toEqual(shown.map(({ item }) => item.linkId))
    },
  )
})
