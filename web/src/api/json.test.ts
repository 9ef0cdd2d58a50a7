import { Decimal, edited, members, write } from './json'

test('what is not changed goes back as it came, its numbers too', () => {
  const text =
    '{ "resourceType":"Observation", "valueQuantity":{"value":37.0,"code":"Cel"},\n "note":[{"text":"a \\"quoted\\" , } ] word"}],"big":12345678901234567890.10}'
  expect(edited(text, { status: 'final', note: undefined })).toBe(
    '{"resourceType":"Observation","valueQuantity":{"value":37.0,"code":"Cel"},"big":12345678901234567890.10,"status":"final"}',
  )
  expect(JSON.parse(edited(text, { note: [{ text: 'x' }] }))).toEqual({
    ...JSON.parse(text),
    note: [{ text: 'x' }],
  })
})

test('the members of an object are found whatever is in them', () => {
  expect(members('{}')).toEqual([])
  expect(members('{"a":[1,{"b":2}],"c\\u0041":"\\\\"}')).toEqual([
    ['a', '[1,{"b":2}]'],
    ['cA', '"\\\\"'],
  ])
})

test('a number is written as it was typed', () => {
  expect(write({ value: new Decimal('37.0'), none: undefined, list: [undefined, true, 'é'] })).toBe(
    '{"value":37.0,"list":[null,true,"é"]}',
  )
  expect(() => new Decimal('1e3')).toThrow()
  expect(() => new Decimal('')).toThrow()
})
