import { useSyncExternalStore } from 'react'

/** The secret of a link from a mail. It comes in the fragment, and leaves the address bar and the history at once. */
let token: string | null = null
const listeners = new Set<() => void>()
const PAGES = ['/reset', '/invitation', '/email', '/unsubscribe']

function take() {
  const fragment = window.location.hash.slice(1)
  if (!fragment || !PAGES.includes(window.location.pathname)) return
  token = fragment
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  for (const listener of listeners) listener()
}

/** Before anything else of the app runs, and again when a link is opened in a tab that shows such a page. */
export function watchLinkToken() {
  take()
  window.addEventListener('hashchange', take)
}

export function dropLinkToken() {
  token = null
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export const useLinkToken = (): string | null => useSyncExternalStore(subscribe, () => token)
