import { listen } from './events'

const asked: (string | null)[] = []
const answers: (() => Response)[] = []
const stream = (...text: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const part of text) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    }),
    { headers: { 'Content-Type': 'text/event-stream' } },
  )

beforeEach(() => {
  asked.length = 0
  answers.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async (_: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(headers['Last-Event-ID'] ?? null)
    const next = answers.shift()
    if (!next) return new Promise(() => {})
    return next()
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function heard() {
  const end = new AbortController()
  const told: (string | null)[] = []
  listen('c', end.signal, (type) => told.push(type))
  await vi.advanceTimersByTimeAsync(60_000)
  end.abort()
  return told
}

test('a stream that broke off goes on where it was, and nothing is looked at twice', async () => {
  answers.push(
    () => stream('event: ready\ndata: {}\nid: a\n\n', 'event: changed\ndata: {"type":"Ta', 'sk"}\nid: b\n\n'),
    () => stream('event: ready\ndata: {}\nid: b\n\nevent: changed\ndata: {"type":"Flag"}\nid: c\n\n'),
  )
  expect(await heard()).toEqual(['Task', 'Flag'])
  expect(asked).toEqual([null, 'b', 'c'])
})

test('where the place is too old or not ours, everything is looked at again', async () => {
  answers.push(
    () => stream('event: ready\ndata: {}\nid: a\n\n'),
    () => new Response(null, { status: 400 }),
    () => stream('event: reset\ndata: {}\nid: z\n\n'),
  )
  expect(await heard()).toEqual([null, null])
  expect(asked).toEqual([null, 'a', null, 'z'])
})

test('a stream that is not to be had is asked for again, and one that is not allowed is not', async () => {
  answers.push(
    () => new Response(null, { status: 503 }),
    () => {
      throw new TypeError('no network')
    },
    () => new Response(null, { status: 429 }),
    () => new Response(null, { status: 403 }),
  )
  expect(await heard()).toEqual([])
  expect(asked).toHaveLength(4)
})

test('when the post may see something else, what was shown is to go', async () => {
  answers.push(() =>
    stream(
      'event: ready\ndata: {}\nid: a\n\nevent: authority\ndata: {}\nid: b\n\nevent: ended\ndata: {}\n\n',
    ),
  )
  const end = new AbortController()
  const told: string[] = []
  listen(
    'c',
    end.signal,
    (type) => told.push(`told ${type}`),
    () => told.push('changed'),
  )
  await vi.advanceTimersByTimeAsync(500)
  end.abort()
  expect(told).toEqual(['changed', 'changed'])
})
