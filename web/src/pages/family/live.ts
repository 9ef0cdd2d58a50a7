import type { QueryClient } from '@tanstack/react-query'
import { listen } from '@/api/events'
import { familyQueries } from '@/api/family'

/** Several changes in a row are one look: each look is in the log. */
const SETTLE = 1_500

/**
 * Keeps what a relative has open as it is at the server. What they may not see any more is taken off the page and out of
 * memory before anything is asked for again: a page that waits for an answer shows nothing of it.
 */
export function follow(cache: QueryClient, context: string): () => void {
  const end = new AbortController()
  let settling: ReturnType<typeof setTimeout> | undefined
  const look = () => void cache.invalidateQueries({ queryKey: familyQueries(context).all })
  const drop = () => {
    clearTimeout(settling)
    void cache.invalidateQueries({ queryKey: ['context', context, 'ties'] })
    for (const part of ['family', 'fhir']) {
      const queryKey = ['context', context, part]
      cache.removeQueries({ queryKey, type: 'inactive' })
      void cache.resetQueries({ queryKey })
    }
  }
  listen(
    context,
    end.signal,
    () => {
      clearTimeout(settling)
      settling = setTimeout(look, SETTLE)
    },
    drop,
  )
  return () => {
    end.abort()
    clearTimeout(settling)
  }
}
