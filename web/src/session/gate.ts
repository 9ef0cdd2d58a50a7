import { useSyncExternalStore } from 'react'

/**
 * What stands before the app. Locked or halted, nothing of the pages is in the document.
 * Kept in memory only: after a reload the server says whether there is a session.
 */
export type Gate =
  | { kind: 'open' }
  | { kind: 'locked'; reason: 'idle' | 'asked'; name: string; email: string }
  | { kind: 'halted' }

let current: Gate = { kind: 'open' }
const listeners = new Set<() => void>()

export const gate = {
  get: (): Gate => current,
  set(next: Gate) {
    // A halted tab stays halted: only closing or reloading it ends that.
    if (current.kind === 'halted') return
    current = next
    for (const listener of listeners) listener()
  },
  /** For tests. */
  reset() {
    current = { kind: 'open' }
    for (const listener of listeners) listener()
  },
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export const useGate = (): Gate => useSyncExternalStore(subscribe, gate.get)
