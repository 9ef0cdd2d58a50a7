import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { ApiError } from '@/api/errors'
import { http } from '@/api/http'
import type { SupportAccess } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useLeave } from '@/session/useLeave'
import { useSecondsUntil } from '@/ui/Countdown'
import classes from './SupportBanner.module.css'
import { useMe } from './useContextId'

/** Over or out of reach: there is nothing left to end. */
const isOver = (error: unknown) => error instanceof ApiError && (error.status === 403 || error.status === 404)

/** Says on every page that this is another's view. It goes when the access does, and no sooner. */
export function SupportBanner({ context, support }: { context: string; support: SupportAccess }) {
  const { t } = useTranslation()
  const { me } = useMe()
  const leave = useLeave()
  const seconds = useSecondsUntil(Date.parse(support.ends_at), () => http.now())
  const end = useMutation({
    mutationFn: () => inContext(context).endSupport(support.request),
    onSuccess: () => leave.closeContext(context),
    onError: (error) => (isOver(error) ? leave.closeContext(context) : undefined),
  })
  const time =
    seconds >= 60
      ? t('problems.minutes', { count: Math.ceil(seconds / 60) })
      : t('problems.seconds', { count: seconds })
  return (
    <section className={classes.banner} aria-label={t('support.banner')}>
      <p className={classes.words}>
        <strong>{t('support.banner')}.</strong>{' '}
        {t('support.bannerFor', { name: support.for, organization: me.organization.name })}{' '}
        {t(support.read_only ? 'support.bannerRead' : 'support.bannerWrite')}
      </p>
      <span className={classes.left} role="timer">
        {seconds > 0 ? t('support.bannerLeft', { time }) : t('support.bannerOver')}
      </span>
      <Button
        variant="white"
        color="dark"
        size="compact-md"
        loading={end.isPending}
        onClick={() => end.mutate()}
      >
        {t('support.bannerEnd')}
      </Button>
      {!isOver(end.error) && <ProblemNotice error={end.error} />}
    </section>
  )
}
