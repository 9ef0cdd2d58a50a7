import type { QueryClient } from '@tanstack/react-query'
import { journalIn } from './shelf'

const NAME = 'templates used'
const MOST = 20

/** The templates that this post used on this device, the last first: sealed like everything in the journal. */
export async function lastUsed(cache: QueryClient, context: string): Promise<string[]> {
  try {
    const entries = await (await journalIn(cache, context)()).read(NAME)
    const newest = entries.at(-1)
    return newest ? (JSON.parse(newest.text) as string[]) : []
  } catch {
    return []
  }
}

export async function rememberUsed(cache: QueryClient, context: string, url: string): Promise<void> {
  const before = await lastUsed(cache, context)
  const next = [url, ...before.filter((it) => it !== url)].slice(0, MOST)
  try {
    await (await journalIn(cache, context)()).put(NAME, JSON.stringify(next), Date.now())
  } catch {
    // Nobody loses anything by it.
  }
}
