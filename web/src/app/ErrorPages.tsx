import { Button, Loader, Stack, VisuallyHidden } from '@mantine/core'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
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

export function ErrorPage({ error }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const gone = error instanceof ContextGone
  const refused = error instanceof ApiError && (error.status === 403 || error.status === 404)
  const title = gone
    ? t('errorPages.contextGoneTitle')
    : refused
      ? t('errorPages.accessEndedTitle')
      : t('errorPages.brokenTitle')
  useTitle(title)
  if (error instanceof ContextMismatch) return <HaltedPage />
  if (error instanceof Unreachable) return <UnreachedPage />
  const lead = gone ? t('errorPages.contextGone') : refused ? t('errorPages.accessEnded') : undefined
  return (
    <Doorway title={title} lead={lead}>
      {!lead && <ProblemNotice error={error} />}
      <Stack gap="xs">
        {!lead && <Button onClick={() => router.invalidate()}>{t('common.tryAgain')}</Button>}
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

/** How often it is tried again, in milliseconds. */
const AGAIN = 5_000

/** The app started without its server, or lost it on the way to a page. It goes on by itself. */
function UnreachedPage() {
  const { t } = useTranslation()
  const router = useRouter()
  useTitle(t('errorPages.unreachedTitle'))
  useEffect(() => {
    const again = () => void router.invalidate()
    const timer = setInterval(again, AGAIN)
    window.addEventListener('online', again)
    return () => {
      clearInterval(timer)
      window.removeEventListener('online', again)
    }
  }, [router])
  return (
    <Doorway title={t('errorPages.unreachedTitle')} lead={t('errorPages.unreached')}>
      <Button onClick={() => router.invalidate()}>{t('common.tryAgain')}</Button>
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
