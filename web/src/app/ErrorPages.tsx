import { Button, Loader, Stack, VisuallyHidden } from '@mantine/core'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { useCallback, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, ContextMismatch, Unreachable } from '@/api/errors'
import { ContextGone } from '@/session/contexts'
import { Doorway } from '@/ui/Doorway'
import { LampMark } from '@/ui/LampMark'
import { ProblemNotice } from './ProblemNotice'
import { useTitle } from './useTitle'

export function NotFoundPage() {
  const { t } = useTranslation()
  useTitle(t('errorPages.notFoundTitle'))
  return (
    <Doorway title={t('errorPages.notFoundTitle')} lead={t('errorPages.notFound')}>
      <Button renderRoot={(props) => <Link to="/" search={{ all: true }} {...props} />}>
        {t('errorPages.toPosts')}
      </Button>
    </Doorway>
  )
}

/** Answers that another time may have another: too many at once, or something on the way that is not there now. */
const PASSING = [429, 502, 503, 504]

/** Asks for everything of the page once more, also for what a part of it asked for and did not get. */
function useAgain() {
  const router = useRouter()
  const { reset } = useQueryErrorResetBoundary()
  return useCallback(() => {
    reset()
    return router.invalidate()
  }, [reset, router])
}

export function ErrorPage({ error }: ErrorComponentProps) {
  const { t } = useTranslation()
  const again = useAgain()
  const gone = error instanceof ContextGone
  const refused = error instanceof ApiError && (error.status === 403 || error.status === 404)
  const title = gone
    ? t('errorPages.contextGoneTitle')
    : refused
      ? t('errorPages.accessEndedTitle')
      : t('errorPages.brokenTitle')
  useTitle(title)
  if (error instanceof ContextMismatch) return <HaltedPage />
  if (error instanceof Unreachable) return <LaterPage why="unreached" seconds={AGAIN} />
  if (error instanceof ApiError && PASSING.includes(error.status))
    return <LaterPage why="busy" seconds={Math.min(error.retryAfter ?? AGAIN, MOST)} />
  const lead = gone ? t('errorPages.contextGone') : refused ? t('errorPages.accessEnded') : undefined
  return (
    <Doorway title={title} lead={lead}>
      {!lead && <ProblemNotice error={error} />}
      <Stack gap="xs">
        {!lead && <Button onClick={again}>{t('common.tryAgain')}</Button>}
        <Button
          variant={lead ? 'filled' : 'default'}
          renderRoot={(props) => <Link to="/" search={{ all: true }} {...props} />}
        >
          {t('errorPages.toPosts')}
        </Button>
      </Stack>
    </Doorway>
  )
}

/** How soon it is tried again, in seconds, and how late at most. */
const AGAIN = 5
const MOST = 60

/** The app started without its server, lost it on the way to a page, or found it busy. It goes on by itself. */
function LaterPage({ why, seconds }: { why: 'unreached' | 'busy'; seconds: number }) {
  const { t } = useTranslation()
  const again = useAgain()
  useTitle(t(`errorPages.${why}Title`))
  useEffect(() => {
    const timer = setInterval(again, seconds * 1000)
    window.addEventListener('online', again)
    return () => {
      clearInterval(timer)
      window.removeEventListener('online', again)
    }
  }, [again, seconds])
  return (
    <Doorway title={t(`errorPages.${why}Title`)} lead={t(`errorPages.${why}`)}>
      <Button onClick={again}>{t('common.tryAgain')}</Button>
    </Doorway>
  )
}

/** There is no way on from here but to close the tab. */
export function HaltedPage() {
  const { t } = useTranslation()
  useTitle(t('errorPages.mismatchTitle'))
  return <Doorway title={t('errorPages.mismatchTitle')} lead={t('errorPages.mismatch')} announce />
}

export function Pending() {
  const { t } = useTranslation()
  return (
    <Stack align="center" justify="center" mih="60dvh" role="status" c="dimmed">
      <LampMark size={40} lit={false} />
      <Loader size="sm" type="dots" />
      <VisuallyHidden>{t('common.loading')}</VisuallyHidden>
    </Stack>
  )
}
