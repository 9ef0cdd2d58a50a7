import { useSyncExternalStore } from 'react'

/**
 * The service worker keeps the app's own files, so that the app starts without a network. A new version waits until
 * somebody here asks for it: nothing reloads over what they typed.
 */
const ADDRESS = '/worker.js'
const HOUR = 3_600_000

/** `ready`: a new version waits. `taken`: another tab asked for it, and this one still runs the old. */
type Version = 'current' | 'ready' | 'taken'

let version: Version = 'current'
let waiting: ServiceWorker | null = null
let asked = false
const listeners = new Set<() => void>()

function say(next: Version) {
  version = next
  for (const listener of listeners) listener()
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): string
  }
}

/** The page's policy takes no script but what this one names. */
function trusted(): string {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes
  const createScriptURL = (url: string) => {
    if (url !== ADDRESS) throw new TypeError('no script of ours')
    return url
  }
  return types
    ? types.createPolicy('lamplight-worker', { createScriptURL }).createScriptURL(ADDRESS)
    : ADDRESS
}

function wait(worker: ServiceWorker | null) {
  // The first one there is no news.
  if (!worker || !navigator.serviceWorker.controller) return
  waiting = worker
  say('ready')
}

async function register() {
  const registration = await navigator.serviceWorker.register(trusted(), { updateViaCache: 'none' })
  wait(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const found = registration.installing
    found?.addEventListener('statechange', () => {
      if (found.state === 'installed') wait(found)
    })
  })
  setInterval(() => registration.update().catch(() => undefined), HOUR)
}

/** Begins once the page is there, so that it takes nothing from it. */
export function keepWorker() {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  let controlled = navigator.serviceWorker.controller !== null
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (asked) window.location.reload()
    else if (controlled) say('taken')
    controlled = true
  })
  // A file of this version that is nowhere any more.
  window.addEventListener('vite:preloadError', () => say('taken'))
  // No worker, no start without a network: nothing else is lost.
  const begin = () => void register().catch(() => undefined)
  if (document.readyState === 'complete') begin()
  else window.addEventListener('load', begin, { once: true })
}

/** Uses the new version, in this tab now. */
export function takeNew() {
  asked = true
  if (waiting && version === 'ready') waiting.postMessage({ type: 'SKIP_WAITING' })
  else window.location.reload()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export const useVersion = (): Version => useSyncExternalStore(subscribe, () => version)
