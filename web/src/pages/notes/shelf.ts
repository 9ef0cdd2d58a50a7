import type { QueryClient } from '@tanstack/react-query'
import { write } from '@/api/json'
import { noteQueries, parseAnswers } from '@/api/notes'
import { drafts } from '@/session/drafts'
import { type Journal, journalOf } from '@/session/journal'
import type { Kept, Shelf } from './Keeper'

/**
 * The journal of a post. Asked for once by whoever uses it: what is still to be written when a lock has taken the key
 * out of memory is written with the one in hand.
 */
export function journalIn(cache: QueryClient, context: string): () => Promise<Journal> {
  let got: Promise<Journal> | undefined
  return () => {
    got ??= cache.fetchQuery(noteQueries(context).journalKey()).then(journalOf)
    got.catch(() => {
      got = undefined
    })
    return got
  }
}

/** Where the words of one draft are kept: in this tab's memory, and sealed in the journal. */
export function shelfOf(journal: () => Promise<Journal>, memory: string, name: string): Shelf {
  return {
    hold: (kept) => (kept ? drafts.keep(memory, kept) : drafts.forget(memory)),
    held: () => drafts.recall<Kept>(memory),
    put: async (kept) => (await journal()).put(name, write(kept), kept.at),
    read: async () => {
      const entries = await (await journal()).read(name)
      return entries.map(({ tab, text }) => ({ tab, kept: parseAnswers<Kept>(text) }))
    },
    drop: async (tab) => (await journal()).drop(name, tab),
  }
}
