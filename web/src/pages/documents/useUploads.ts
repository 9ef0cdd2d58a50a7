import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { refreshPatient } from '@/api/chartQueries'
import { useChart } from '@/pages/chart/useChart'
import { type Chosen, type Progress, put, type Upload } from './uploads'

/** How many are sent at a time. */
const TOGETHER = 2

/** The files on their way into this chart: they go on while one looks at it, and end when one leaves. */
export function useUploads() {
  const { context, id: patient } = useChart()
  const client = useQueryClient()
  const [uploads, setUploads] = useState<Upload[]>([])
  const stops = useRef(new Map<number, AbortController>())
  const queue = useRef<Chosen[]>([])
  const running = useRef(0)

  const tell = useCallback((key: number, progress: Progress) => {
    setUploads((all) => all.map((it) => (it.key === key ? { ...it, progress } : it)))
  }, [])

  const next = useCallback(() => {
    while (running.current < TOGETHER) {
      const one = queue.current.shift()
      if (!one) return
      running.current += 1
      const stop = new AbortController()
      stops.current.set(one.key, stop)
      void put({ context, patient }, one, stop.signal, (progress) => {
        tell(one.key, progress)
        if (progress.at === 'done') void refreshPatient(client, context, patient)
      }).finally(() => {
        stops.current.delete(one.key)
        running.current -= 1
        next()
      })
    }
  }, [client, context, patient, tell])

  const add = useCallback(
    (chosen: Chosen[]) => {
      setUploads((all) => [...all, ...chosen.map((it) => ({ ...it, progress: { at: 'reading' } as const }))])
      queue.current.push(...chosen)
      next()
    },
    [next],
  )

  const cancel = (key: number) => {
    queue.current = queue.current.filter((it) => it.key !== key)
    const stop = stops.current.get(key)
    if (stop) stop.abort(new DOMException('cancelled', 'AbortError'))
    else tell(key, { at: 'cancelled' })
  }
  const retry = (upload: Upload) => {
    setUploads((all) => all.filter((it) => it.key !== upload.key))
    add([upload])
  }
  const clear = () =>
    setUploads((all) => all.filter(({ progress }) => !['done', 'failed', 'cancelled'].includes(progress.at)))

  useEffect(() => {
    const all = stops.current
    return () => {
      queue.current = []
      for (const stop of all.values()) stop.abort(new DOMException('left', 'AbortError'))
    }
  }, [])

  return { uploads, add, cancel, retry, clear }
}
