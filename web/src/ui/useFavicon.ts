import { useEffect } from 'react'
import { contextColor } from './contextColor'

const drawing = (color: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="${color}"/><path d="M10.5 17h11l3 8.5h-17z" fill="#f0b14a" opacity=".5"/><path d="M13 7h6l4.2 10H8.8z" fill="#fff"/><path d="M16 19v6m-3.5 1h7" stroke="#fff" stroke-width="1.8"/></svg>`

/** The tab's icon in the colour of its post. */
export function useFavicon(color: string) {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (!link) return
    const before = link.href
    link.href = `data:image/svg+xml,${encodeURIComponent(drawing(contextColor(color)))}`
    return () => {
      link.href = before
    }
  }, [color])
}
