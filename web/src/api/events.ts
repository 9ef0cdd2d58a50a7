import { CONTEXT_HEADER } from './http'

/** A stream that broke off is asked for again after so many milliseconds. */
const AGAIN = 15_000

/**
 * Listens to what changes in sight of a context, until the signal: told are the kinds of records, and `null` when some of it
 * may have been missed. Whoever listens keeps no session alive with it, and a stream that is not to be had is no fault.
 */
export function listen(context: string, signal: AbortSignal, tell: (type: string | null) => void) {
  let again: ReturnType<typeof setTimeout> | undefined
  signal.addEventListener('abort', () => clearTimeout(again))
  async function begin(missed: boolean) {
    const goesOn = await follow(context, signal, tell, missed).catch(() => true)
    if (goesOn && !signal.aborted) again = setTimeout(() => void begin(true), AGAIN)
  }
  void begin(false)
}

/** Whether it is worth asking again once it is over. */
async function follow(
  context: string,
  signal: AbortSignal,
  tell: (type: string | null) => void,
  missed: boolean,
): Promise<boolean> {
  const answer = await fetch('/api/events', {
    headers: { Accept: 'text/event-stream', [CONTEXT_HEADER]: context },
    signal,
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
  })
  if (!answer.ok || !answer.body) return answer.status >= 500
  if (missed) tell(null)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let held = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (held + part.value).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) {
      const type = /^data:.*"type":"([A-Za-z]+)"/.exec(line)?.[1]
      if (type) tell(type)
    }
  }
  return true
}
