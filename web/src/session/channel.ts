import { useEffect, useEffectEvent } from 'react'

/** What tabs tell each other. Nobody's name and nothing of anybody's work is among it. */
export type Message =
  | { kind: 'locked'; reason: 'idle' | 'asked' }
  | { kind: 'signed-in' }
  | { kind: 'signed-out' }
  | { kind: 'extended' }
  | { kind: 'context-closed'; context: string }

const NAME = 'lamplight'
const own = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(NAME)

/** Tells the other tabs, not this one. */
export function tell(message: Message) {
  own?.postMessage(message)
}

/** Hears what other tabs tell. */
export function useTold(hear: (message: Message) => void) {
  const heard = useEffectEvent((event: MessageEvent<Message>) => hear(event.data))
  useEffect(() => {
    own?.addEventListener('message', heard)
    return () => own?.removeEventListener('message', heard)
  }, [])
}
