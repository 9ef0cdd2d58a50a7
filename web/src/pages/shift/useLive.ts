import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { listen } from '@/api/events'
import { shiftQueries } from '@/api/shift'
import { useContextId } from '@/pages/context/useContextId'

/** What of a record is seen on these pages. */
const SEEN = ['Task', 'Encounter', 'Observation', 'Flag', 'Communication', 'AdverseEvent']
const TASKS = ['Task']
const SHIFT = ['queue', 'incidents', 'handovers']
const BOARD = ['board']
/** Several changes in a row are one look: each look is in the log. */
const SETTLE = 2_000

/** Several moves of cards are one look sooner: whoever watches a board waits for it. */
const SETTLE_BOARD = 400

/** Looks again when something of the shift changed elsewhere. */
export const useLive = () => useLooks(SHIFT, SEEN, SETTLE)

/** Looks again when a card was moved elsewhere. */
export const useLiveBoard = () => useLooks(BOARD, TASKS, SETTLE_BOARD)

function useLooks(parts: readonly string[], seen: readonly string[], settle: number) {
  const context = useContextId()
  const cache = useQueryClient()
  useEffect(() => {
    const end = new AbortController()
    let settling: ReturnType<typeof setTimeout> | undefined
    listen(context, end.signal, (type) => {
      if (type !== null && !seen.includes(type)) return
      clearTimeout(settling)
      settling = setTimeout(() => {
        for (const part of parts)
          void cache.invalidateQueries({ queryKey: [...shiftQueries(context).all, part] })
      }, settle)
    })
    return () => {
      end.abort()
      clearTimeout(settling)
    }
  }, [cache, context, parts, seen, settle])
}
