import { useEffect, useState } from 'react'
import { http } from '@/api/http'

const MINUTE = 60_000

/** The server's clock, minute by minute: what was due when it was looked up is overdue later. */
export function useNow(): number {
  const [now, setNow] = useState(() => http.now())
  useEffect(() => {
    const ticking = setInterval(() => setNow(http.now()), MINUTE)
    return () => clearInterval(ticking)
  }, [])
  return now
}
