import { useEffect, useReducer } from 'react'
import { http } from '@/api/http'

/** Whether a moment is still to come by the server's clock; tells again when it has come. */
export function useRunning(until: string): boolean {
  const [rung, ring] = useReducer((n: number) => n + 1, 0)
  const left = Date.parse(until) - http.now()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a timer that rang early is set again
  useEffect(() => {
    const wait = Date.parse(until) - http.now()
    if (wait <= 0) return
    const timer = setTimeout(ring, wait + 50)
    return () => clearTimeout(timer)
  }, [until, rung])
  return left > 0
}
