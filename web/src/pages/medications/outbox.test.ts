import { ApiError, Unreachable } from '@/api/errors'
import type { Dose, Told } from '@/api/medications'
import { type Kept, Outbox, type Shelf } from './Outbox'

/** A server that records each place once, and may be out of reach. */
function server() {
  const sent: string[][] = []
  const places = new Map<string, string>()
  const told: string[] = []
  const it = { sent, told, places, down: false, loses: false, answer: (_: Dose) => null as Told | null }
  const desk = {
    async send(doses: readonly Dose[]) {
      if (it.down) throw new Unreachable('down')
      sent.push(doses.map((dose) => dose.request))
      const answers = doses.map((dose): Told => {
        const own = it.answer(dose)
        if (own) return own
        const place = `${dose.order} ${dose.due}`
        const by = places.get(place) ?? dose.request
        const before = places.has(place)
        places.set(place, by)
        return {
          request: dose.request,
          result: by !== dose.request ? 'conflict' : before ? 'same' : 'made',
          administration: by,
          outcome: 'given',
          by: 'Priya Nair',
          at: dose.at,
        }
      })
      if (it.loses) {
        it.loses = false
        throw new Unreachable('lost')
      }
      return answers
    },
    told: (kept: Kept, answer: Told) => void told.push(`${kept.dose.request} ${answer.result}`),
  }
  return { ...it, it, desk }
}

/** A disk with what other tabs left on it. */
function disk(left: { tab: string; items: Kept[] }[] = []) {
  const tabs = new Map(left.map(({ tab, items }) => [tab, items]))
  let held: readonly Kept[] = []
  const shelf: Shelf = {
    hold: (items) => {
      held = items
    },
    held: () => held,
    put: async (items) => void tabs.set('own', JSON.parse(JSON.stringify(items))),
    read: async () => [...tabs].map(([tab, items]) => ({ tab, items })),
    drop: async (tab = 'own') => void tabs.delete(tab),
  }
  return { shelf, tabs, kept: () => (tabs.get('own') ?? []).map((it) => it.dose.request) }
}

const tap = (request: string, order = request): Omit<Kept, 'at' | 'state' | 'told'> => ({
  dose: {
    request,
    patient: 'p',
    order,
    due: '2026-11-22T13:00:00Z',
    at: '2026-11-22T13:05:00Z',
    outcome: 'given',
  },
  name: 'Ashdown, Walter',
  what: 'Metformin',
  zone: 'UTC',
})

let clock = 0
async function opened(desk: ReturnType<typeof server>['desk'], shelf: Shelf) {
  const outbox = new Outbox(desk, shelf, () => clock++)
  await outbox.start()
  return outbox
}
const settle = (ms = 1) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what is tapped is on the disk before it is sent, and gone from it once it is recorded', async () => {
  const { it, desk } = server()
  const { shelf, kept } = disk()
  const outbox = await opened(desk, shelf)
  const put = vi.spyOn(shelf, 'put')
  const send = vi.spyOn(desk, 'send')
  outbox.add([tap('a')])
  expect(outbox.of('a', '2026-11-22T13:00:00Z')?.state).toBe('waiting')
  await settle()
  expect(put.mock.invocationCallOrder[0]).toBeLessThan(send.mock.invocationCallOrder[0] ?? 0)
  expect(it.sent).toEqual([['a']])
  expect(outbox.get()).toMatchObject({ items: [], away: false, local: true })
  expect(kept()).toEqual([])
  expect(it.told).toEqual(['a made'])
})

test('without a network it is kept, and sent in the order in which it was tapped once there is one', async () => {
  const { it, desk } = server()
  const { shelf, kept } = disk()
  const outbox = await opened(desk, shelf)
  it.down = true
  outbox.add([tap('a')])
  await settle()
  outbox.add([tap('b'), tap('c')])
  await settle()
  expect(outbox.get()).toMatchObject({ away: true, local: true })
  expect(kept()).toEqual(['a', 'b', 'c'])
  it.down = false
  window.dispatchEvent(new Event('online'))
  await settle()
  expect(it.sent).toEqual([['a', 'b', 'c']])
  expect(outbox.get().items).toEqual([])
})

test('a lost answer is asked for again with the same ids, and counts once', async () => {
  const { it, desk } = server()
  const { shelf } = disk()
  const outbox = await opened(desk, shelf)
  it.loses = true
  outbox.add([tap('a')])
  await settle()
  expect(outbox.get().away).toBe(true)
  await settle(2_100)
  expect(it.sent).toEqual([['a'], ['a']])
  expect(it.places.size).toBe(1)
  expect(it.told).toEqual(['a same'])
  expect(outbox.get().items).toEqual([])
})

test('tapped twice it is one dose', async () => {
  const { it, desk } = server()
  const { shelf } = disk()
  const outbox = await opened(desk, shelf)
  outbox.add([tap('a', 'order')])
  outbox.add([tap('b', 'order')])
  await settle()
  outbox.add([tap('c', 'other')])
  await settle()
  expect(it.sent).toEqual([['a'], ['c']])
})

test('what somebody else recorded stays in sight, also after the device was off, until it is seen', async () => {
  const { it, desk } = server()
  const { shelf, tabs, kept } = disk()
  it.places.set('order 2026-11-22T13:00:00Z', 'theirs')
  const outbox = await opened(desk, shelf)
  outbox.add([tap('a', 'order'), tap('b')])
  await settle()
  expect(outbox.get().items.map((at) => [at.dose.request, at.state, at.told?.by])).toEqual([
    ['a', 'conflict', 'Priya Nair'],
  ])
  expect(kept()).toEqual(['a'])
  outbox.stop()
  const gone = disk([{ tab: 'gone', items: tabs.get('own') ?? [] }])
  const after = await opened(desk, gone.shelf)
  await settle()
  expect(after.get().items.map((at) => at.state)).toEqual(['conflict'])
  expect(it.sent).toHaveLength(1)
  after.seen('a')
  await settle()
  expect(gone.tabs.size).toBe(0)
})

test('one that cannot be taken now waits, and loses no other', async () => {
  const { it, desk } = server()
  const { shelf } = disk()
  let busy = true
  it.answer = (dose) =>
    dose.request === 'a' && busy ? { request: 'a', result: 'again', code: 'overloaded' } : null
  const outbox = await opened(desk, shelf)
  outbox.add([tap('a'), tap('b')])
  await settle()
  expect(outbox.get().items.map((at) => at.dose.request)).toEqual(['a'])
  busy = false
  await settle(2_100)
  expect(it.told).toEqual(['b made', 'a made'])
})

test('a refused one is recorded all the same when somebody says why', async () => {
  const { it, desk } = server()
  const { shelf } = disk()
  it.answer = ({ despite, request }) =>
    despite ? null : { request, result: 'refused', code: 'too-soon', from: '2026-11-22T15:00:00Z' }
  const outbox = await opened(desk, shelf)
  outbox.add([tap('a')])
  await settle()
  expect(outbox.get().items[0]).toMatchObject({ state: 'refused', told: { code: 'too-soon' } })
  outbox.insist('a', { despite: 'Dr. Roy said so' })
  await settle()
  expect(it.sent).toEqual([['a'], ['a']])
  expect(outbox.get().items).toEqual([])
})

test('tabs that are no more leave theirs to the next, in order, and nothing behind', async () => {
  const { it, desk } = server()
  const old = (request: string, at: number): Kept => ({ ...tap(request), at, state: 'waiting' })
  const { shelf, tabs } = disk([
    { tab: 'one', items: [old('a', -30), old('c', -10)] },
    { tab: 'two', items: [old('b', -20), old('a', -30)] },
  ])
  await opened(desk, shelf)
  await settle()
  expect(it.sent).toEqual([['a', 'b', 'c']])
  expect(tabs.size).toBe(0)
})

test('when nobody is signed in any more it stops, and leaves everything where it is', async () => {
  const { desk } = server()
  const { shelf, kept } = disk()
  const outbox = await opened(
    { ...desk, send: () => Promise.reject(new ApiError(401, { code: 'signed-out' })) },
    shelf,
  )
  outbox.add([tap('a')])
  await settle()
  expect(outbox.isStopped).toBe(true)
  expect(kept()).toEqual(['a'])
  expect(shelf.held()).toHaveLength(1)
})

test('what is refused as a whole is told of each', async () => {
  const { desk } = server()
  const { shelf } = disk()
  const outbox = await opened(
    { ...desk, send: () => Promise.reject(new ApiError(403, { code: 'forbidden' })) },
    shelf,
  )
  outbox.add([tap('a'), tap('b')])
  await settle()
  expect(outbox.get().items.map((it) => [it.state, it.told?.code])).toEqual([
    ['refused', 'forbidden'],
    ['refused', 'forbidden'],
  ])
})

test('what could not be opened at first is taken up once there is a network', async () => {
  const { it, desk } = server()
  const { shelf } = disk([{ tab: 'one', items: [{ ...tap('a'), at: 1, state: 'waiting' }] }])
  const read = vi.spyOn(shelf, 'read').mockRejectedValueOnce(new Unreachable('no key'))
  await opened(desk, shelf)
  await settle()
  expect(it.sent).toEqual([])
  window.dispatchEvent(new Event('online'))
  await settle()
  expect(read).toHaveBeenCalledTimes(2)
  expect(it.sent).toEqual([['a']])
})
