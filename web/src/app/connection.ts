import { useSyncExternalStore } from 'react'

let reached = true
const listeners = new Set<() => void>()
const say = () => {
  for (const listener of listeners) listener()
}

export function setReached(yes: boolean) {
  if (yes === reached) return
  reached = yes
  say()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  window.addEventListener('online', say)
  window.addEventListener('offline', say)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('online', say)
    window.removeEventListener('offline', say)
  }
}

type Connection = 'online' | 'offline' | 'unreachable'

export const useConnection = (): Connection =>
  useSyncExternalStore(subscribe, () => (!navigator.onLine ? 'offline' : reached ? 'online' : 'unreachable'))
