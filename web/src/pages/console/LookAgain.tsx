import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

/** Nothing here is asked again by itself: it would keep a session alive that nobody sits at. */
export function LookAgain({ of }: { of: readonly string[] }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [looking, setLooking] = useState(false)
  const look = () => {
    setLooking(true)
    cache.refetchQueries({ queryKey: of }).finally(() => setLooking(false))
  }
  return (
    <Button variant="default" loading={looking} onClick={look}>
      {t('platform.lookAgain')}
    </Button>
  )
}
