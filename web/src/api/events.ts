import { CONTEXT_HEADER } from './http'

/** A stream that broke off is asked for again after so many milliseconds, then after twice as many, up to the last. */
const AGAIN = [1_000, 2_000, 4_000, 8_000, 15_000]
/** One that lasted so long did not fail: something between us closes what is quiet. */
const LASTED = 30_000

/** What is asked for when it goes on: where the last left off, if that is known. */
interface Place {
  last: string | undefined
}

/**
 * Listens to what changes in sight of a context, until the signal: told are the kinds of records, and `null` when some of it
 * may have been missed or the post may see something else now. What happens while a stream is broken off is told when it goes on. Whoever listens keeps no session
 * alive with it, and a stream that is not to be had is no fault.
 */
export function listen(
  context: string,
  signal: AbortSignal,
  tell: (type: string | null) => void,
  /** What the post may see is another than before, or it may not listen any more: what was shown is to go. */
  changed: () => void = () => tell(null),
) {
  let again: ReturnType<typeof setTimeout> | undefined
  let failed = 0
  const place: Place = { last: undefined }
  signal.addEventListener('abort', () => clearTimeout(again))
  const heard = (type: string | null) => {
    failed = 0
    tell(type)
  }
  async function begin(missed: boolean) {
    const begun = Date.now()
    const goesOn = await follow(context, signal, place, { tell: heard, changed }, missed).catch(() => true)
    if (!goesOn || signal.aborted) return
    if (Date.now() - begun > LASTED) failed = 0
    const wait = AGAIN[Math.min(failed, AGAIN.length - 1)] ?? 0
    failed++
    // Not all tabs of a house at once.
    again = setTimeout(() => void begin(true), wait * (0.75 + Math.random() / 2))
  }
  void begin(false)
}

/** Whether it is worth asking again once it is over. */
async function follow(
  context: string,
  signal: AbortSignal,
  place: Place,
  { tell, changed }: { tell(type: string | null): void; changed(): void },
  missed: boolean,
): Promise<boolean> {
  const { last } = place
  const answer = await fetch('/api/events', {
    headers: {
      Accept: 'text/event-stream',
      [CONTEXT_HEADER]: context,
      ...(last && { 'Last-Event-ID': last }),
    },
    signal,
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
  })
  if (answer.status === 400 && last) {
    // Another post's place, or of another time: from now on, and everything is looked at again.
    place.last = undefined
    return true
  }
  if (!answer.ok || !answer.body) return answer.status >= 500 || answer.status === 429
  if (missed && !last) tell(null)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let held = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (held + part.value).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) {
      const id = /^id: ?(.+)$/.exec(line)?.[1]
      if (id) place.last = id
      if (/^event: ?reset$/.test(line)) tell(null)
      if (/^event: ?(authority|ended)$/.test(line)) changed()
      const type = /^data:.*"type":"([A-Za-z]+)"/.exec(line)?.[1]
      if (type) tell(type)
    }
  }
  return true
}
