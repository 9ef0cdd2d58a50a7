import { useEffect } from 'react'

/** What the tab is called. Never anybody's name or data: it stands in the browser's history. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = title.includes('Lamplight') ? title : `${title} · Lamplight`
  }, [title])
}
