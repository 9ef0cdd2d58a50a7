import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { drafts } from '@/session/drafts'
import { NewsBanner } from '@/ui/NewsBanner'
import { takeNew, useVersion } from './worker'

/** A new version of the app is there: said once, taken when somebody says so, and never over what they typed. */
export function NewVersion() {
  const { t } = useTranslation()
  const version = useVersion()
  const typed = useTyped()
  const [warned, setWarned] = useState(false)
  const [away, setAway] = useState(false)
  if (version === 'current' || away) return null
  const loses = typed || drafts.any()
  return (
    <NewsBanner
      text={t(warned && loses ? 'common.newVersionLoses' : `common.newVersion_${version}`)}
      action={t(warned && loses ? 'common.newVersionAnyway' : 'common.newVersionUse')}
      onAction={() => (loses && !warned ? setWarned(true) : takeNew())}
      close={t('common.later')}
      onClose={() => setAway(true)}
    />
  )
}

/** Whether something was typed since this page was opened. */
function useTyped() {
  const router = useRouter()
  const [typed, setTyped] = useState(false)
  useEffect(() => {
    const note = () => setTyped(true)
    document.addEventListener('input', note)
    const leave = router.subscribe('onResolved', ({ pathChanged }) => {
      if (pathChanged) setTyped(false)
    })
    return () => {
      document.removeEventListener('input', note)
      leave()
    }
  }, [router])
  return typed
}
