import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

/**
 * What is typed and not saved yet, on this device, sealed: AES-256-GCM with the post's own key, which the server gives
 * and nothing here writes down. In clear stand which post, which draft (ids), which tab and when.
 */
interface Sealed {
  post: string
  name: string
  tab: string
  at: number
  iv: Uint8Array<ArrayBuffer>
  body: ArrayBuffer
}

interface Schema extends DBSchema {
  entries: { key: [string, string, string]; value: Sealed; indexes: { at: number } }
}

export interface Entry {
  tab: string
  at: number
  text: string
}

export interface JournalKey {
  id: string
  key: CryptoKey
}

export interface Journal {
  /** Writes this tab's words of that name. */
  put(name: string, text: string, at: number): Promise<void>
  /** This tab's words and those of tabs that are no more, the oldest first. */
  read(name: string): Promise<Entry[]>
  drop(name: string, tab?: string): Promise<void>
}

const DATABASE = 'lamplight-journal'
const DAY = 86_400_000
/** Nobody comes back for what is older. */
const KEPT = 90 * DAY

export const TAB = crypto.randomUUID()
const lockOf = (tab: string) => `lamplight-journal/${tab}`

let database: Promise<IDBPDatabase<Schema>> | undefined

/** The tab is here: its entries are its own until it is gone. */
function beHere() {
  if (typeof navigator !== 'undefined' && navigator.locks)
    navigator.locks.request(lockOf(TAB), () => new Promise(() => {})).catch(() => undefined)
}

async function othersHere(): Promise<Set<string>> {
  if (typeof navigator === 'undefined' || !navigator.locks) return new Set()
  const { held = [] } = await navigator.locks.query()
  return new Set(held.flatMap((it) => it.name ?? []))
}

function opened(): Promise<IDBPDatabase<Schema>> {
  database ??= openDB<Schema>(DATABASE, 1, {
    upgrade(made) {
      const entries = made.createObjectStore('entries', { keyPath: ['post', 'name', 'tab'] })
      entries.createIndex('at', 'at')
    },
    terminated() {
      database = undefined
    },
  }).then(async (made) => {
    beHere()
    await sweep(made)
    return made
  })
  database.catch(() => {
    database = undefined
  })
  return database
}

async function sweep(made: IDBPDatabase<Schema>) {
  const old = await made.getAllKeysFromIndex('entries', 'at', IDBKeyRange.upperBound(Date.now() - KEPT))
  for (const key of old) await made.delete('entries', key)
}

/** Whether something of a name waits on this device, of whichever post. */
export async function isKept(name: string): Promise<boolean> {
  const keys = await (await opened()).getAllKeys('entries')
  return keys.some(([, it]) => it === name)
}

/** An entry opens only where it was put. */
const place = (post: string, name: string) => new TextEncoder().encode(`${post}\n${name}`)

/** The journal of one post. */
export function journalOf({ id: post, key }: JournalKey): Journal {
  return {
    async put(name, text, at) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const body = await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv, additionalData: place(post, name) },
        key,
        new TextEncoder().encode(text),
      )
      // On the disk before it counts as kept: batteries run out.
      const change = (await opened()).transaction('entries', 'readwrite', { durability: 'strict' })
      await Promise.all([change.store.put({ post, name, tab: TAB, at, iv, body }), change.done])
    },
    async read(name) {
      const all = await (await opened()).getAll(
        'entries',
        IDBKeyRange.bound([post, name, ''], [post, name, '\uffff']),
      )
      const others = await othersHere()
      const found: Entry[] = []
      for (const { tab, at, iv, body } of all) {
        if (tab !== TAB && others.has(lockOf(tab))) continue
        try {
          const text = await crypto.subtle.decrypt(
            { name: 'AES-GCM', iv, additionalData: place(post, name) },
            key,
            body,
          )
          found.push({ tab, at, text: new TextDecoder().decode(text) })
        } catch {
          // Of another key, or broken: nobody can read it any more.
        }
      }
      return found.toSorted((a, b) => a.at - b.at)
    },
    async drop(name, tab = TAB) {
      await (await opened()).delete('entries', [post, name, tab])
    },
  }
}
