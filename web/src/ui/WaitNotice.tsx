import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useSecondsUntil } from './Countdown'
import { Notice } from './Notice'

/** Tells how long to wait before another attempt, and when the wait is over. */
export function WaitNotice({ seconds }: { seconds: number }) {
  const { t } = useTranslation()
  const until = useMemo(() => Date.now() + seconds * 1000, [seconds])
  const left = useSecondsUntil(until)
  if (left === 0) return <Notice kind="info">{t('problems.waitOver')}</Notice>
  const wait =
    left > 90
      ? t('problems.minutes', { count: Math.ceil(left / 60) })
      : t('problems.seconds', { count: left })
  return <Notice kind="warn">{t('problems.wait', { wait })}</Notice>
}
