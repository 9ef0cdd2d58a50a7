import { parseRetryAfter } from '@/api/errors'
import { safeReturn } from './returnTo'

test.each([
  ['/account?from=1', '/account?from=1'],
  ['/c/1/x', '/c/1/x'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/sign-in?return=/sign-in', '/'],
  [undefined, '/'],
])('%s leads to %s', (asked, to) => {
  expect(safeReturn(asked, 'https://lamplight.example')).toBe(to)
})

test('Retry-After is seconds or a date', () => {
  expect(parseRetryAfter('42', 0)).toBe(42)
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 0)).toBe(60)
  expect(parseRetryAfter(null, 0)).toBeUndefined()
  expect(parseRetryAfter('soon', 0)).toBeUndefined()
})
