import { UnstyledButton } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { SearchIcon } from '@/ui/icons'
import classes from './Palette.module.css'

const Palette = lazy(() => import('./Palette').then((it) => ({ default: it.Palette })))

/** Ctrl-K or Cmd-K, or this button. An open dialog keeps the keyboard for itself. */
export function PaletteKey() {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  useEffect(() => {
    function hear(event: KeyboardEvent) {
      if (
        event.key.toLowerCase() !== 'k' ||
        !(event.ctrlKey || event.metaKey) ||
        event.altKey ||
        event.shiftKey
      )
        return
      event.preventDefault()
      if (!document.querySelector('[role=dialog][aria-modal=true]')) setOpen(true)
    }
    document.addEventListener('keydown', hear)
    return () => document.removeEventListener('keydown', hear)
  }, [])
  return (
    <>
      <UnstyledButton
        className={classes.key}
        onClick={() => setOpen(true)}
        aria-keyshortcuts="Control+K Meta+K"
      >
        <SearchIcon size={18} />
        <span className={classes.keyWords}>{t('palette.open')}</span>
        <kbd className={classes.kbd} aria-hidden>
          {t(/Mac|iP/.test(navigator.platform) ? 'palette.keyMac' : 'palette.key')}
        </kbd>
      </UnstyledButton>
      {open && (
        <Suspense>
          <Palette onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
