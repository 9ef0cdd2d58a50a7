import 'fake-indexeddb/auto'
import { journalOf, TAB } from './journal'

const keyOf = (byte: number) =>
  crypto.subtle.importKey('raw', new Uint8Array(32).fill(byte), 'AES-GCM', false, ['encrypt', 'decrypt'])
const WORDS = 'Refused lunch, daughter called'

async function stored(): Promise<Record<string, unknown>[]> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open('lamplight-journal')
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
  return new Promise((resolve) => {
    const asked = db.transaction('entries').objectStore('entries').getAll()
    asked.onsuccess = () => resolve(asked.result)
  })
}

test('what was put is read again, by the same post only, and nothing of it stands in clear', async () => {
  const mine = journalOf({ id: 'post-1', key: await keyOf(1) })
  await mine.put('draft-1', WORDS, 1000)
  expect(await mine.read('draft-1')).toEqual([{ tab: TAB, at: 1000, text: WORDS }])
  expect(await mine.read('draft-2')).toEqual([])
  const other = journalOf({ id: 'post-1', key: await keyOf(2) })
  expect(await other.read('draft-1')).toEqual([])
  expect(await journalOf({ id: 'post-2', key: await keyOf(1) }).read('draft-1')).toEqual([])
  for (const entry of await stored()) {
    const text = new TextDecoder('latin1').decode(new Uint8Array(entry.body as ArrayBuffer))
    expect(text).not.toContain('lunch')
    expect(JSON.stringify(entry)).not.toContain('lunch')
  }
})

test('the newest words take the place of older ones, and dropping leaves none', async () => {
  const mine = journalOf({ id: 'post-1', key: await keyOf(1) })
  await mine.put('draft-3', 'first', 1)
  await mine.put('draft-3', 'second', 2)
  expect((await mine.read('draft-3')).map((it) => it.text)).toEqual(['second'])
  await mine.drop('draft-3')
  expect(await mine.read('draft-3')).toEqual([])
})

test('an entry moved to another draft does not open there', async () => {
  const mine = journalOf({ id: 'post-1', key: await keyOf(1) })
  await mine.put('draft-4', WORDS, 1)
  const [entry] = (await stored()).filter((it) => it.name === 'draft-4')
  const db = await new Promise<IDBDatabase>((resolve) => {
    const asked = indexedDB.open('lamplight-journal')
    asked.onsuccess = () => resolve(asked.result)
  })
  await new Promise((resolve) => {
    const change = db.transaction('entries', 'readwrite')
    change.objectStore('entries').put({ ...entry, name: 'draft-5' })
    change.oncomplete = resolve
  })
  expect(await mine.read('draft-5')).toEqual([])
})

test('a key cannot be taken out of the browser’s keeping', async () => {
  await expect(crypto.subtle.exportKey('raw', await keyOf(1))).rejects.toThrow()
})
