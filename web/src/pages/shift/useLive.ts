import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { listen } from '@/api/events'
import { shiftQueries } from '@/api/shift'
import { useContextId } from '@/pages/context/useContextId'

/** What of a record is seen on these pages. */
const SEEN = ['Task', 'Encounter', 'Observation', 'Flag', 'Communication', 'AdverseEvent']
/** Several changes in a row are one look: each look is in the log. */
const SETTLE = 2_000

/** Looks again when something of the shift changed elsewhere. */
export function useLive() {
  const context = useContextId()
  const cache = useQueryClient()
  useEffect(() => {
    const end = new AbortController()
    let settling: ReturnType<typeof setTimeout> | undefined
    listen(context, end.signal, (type) => {
      if (type !== null && !SEEN.includes(type)) return
      clearTimeout(settling)
      settling = setTimeout(() => {
        for (const part of ['queue', 'incidents', 'handovers'])
          void cache.invalidateQueries({ queryKey: [...shiftQueries(context).all, part] })
      }, SETTLE)
    })
    return () => {
      end.abort()
      clearTimeout(settling)
    }
  }, [cache, context])
}
