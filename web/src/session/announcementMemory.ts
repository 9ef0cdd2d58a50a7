import { useSyncExternalStore } from 'react'

/** Which announcements were put away in this tab. In memory only: another tab shows them again. */
let away: readonly string[] = []
const listeners = new Set<() => void>()

function set(next: readonly string[]) {
  away = next
  for (const listener of listeners) listener()
}

export const announcementMemory = {
  putAway: (announcement: string) => set([...away, announcement]),
  clear: () => set([]),
}

export const usePutAway = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => away,
  )
