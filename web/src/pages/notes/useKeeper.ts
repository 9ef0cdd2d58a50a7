import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { http } from '@/api/http'
import { noteQueries, notesIn } from '@/api/notes'
import type { NoteDraft } from '@/api/noteTypes'
import { Keeper } from './Keeper'
import { journalIn, shelfOf } from './shelf'

/** Keeps the draft of this page, from the version that was read. */
export function useKeeper(context: string, memory: string, draft: NoteDraft) {
  const cache = useQueryClient()
  const [keeper] = useState(() => {
    const notes = notesIn(context)
    const { id } = draft
    const desk = {
      save: (version: number, answers: NoteDraft['answers']) => notes.save(id, version, answers),
      fetch: () => notes.draft(id),
      snapshots: (version: number, asked: Parameters<typeof notes.snapshots>[2]) =>
        notes.snapshots(id, version, asked),
      discard: (version: number) => notes.discard(id, version),
    }
    return new Keeper(draft, desk, shelfOf(journalIn(cache, context), memory, id), () => http.now())
  })
  useEffect(() => {
    keeper.start()
    return () => {
      keeper.stop()
      // Whoever comes back begins with what the server has by then.
      cache.removeQueries(noteQueries(context).draft(draft.id))
    }
  }, [keeper, cache, context, draft.id])
  const state = useSyncExternalStore(keeper.subscribe, keeper.get)
  return { keeper, state }
}
