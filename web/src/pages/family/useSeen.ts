import { type RefObject, useEffect, useRef } from 'react'

/** Whoever looks at something looks at least so long. */
const LOOK = 2_000

/**
 * Says once that what `key` names was really looked at: the page is in front, and `target` (the whole page without one) on the
 * screen. What is fetched behind other windows, or further down, was not.
 */
export function useSeen(
  target: RefObject<Element | null> | null,
  key: string | undefined,
  seen: () => void,
): void {
  const tell = useRef(seen)
  useEffect(() => {
    tell.current = seen
  })
  useEffect(() => {
    if (key === undefined) return
    const place = target?.current
    const watches = place && 'IntersectionObserver' in window
    let here = !watches
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      clearTimeout(timer)
      if (here && document.visibilityState === 'visible') timer = setTimeout(() => tell.current(), LOOK)
    }
    const watch = watches
      ? new IntersectionObserver((entries) => {
          here = entries.at(-1)?.isIntersecting ?? false
          look()
        })
      : undefined
    if (place) watch?.observe(place)
    document.addEventListener('visibilitychange', look)
    look()
    return () => {
      clearTimeout(timer)
      watch?.disconnect()
      document.removeEventListener('visibilitychange', look)
    }
  }, [target, key])
}
