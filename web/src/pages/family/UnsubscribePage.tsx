import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { stopMails } from '@/api/auth'
import { dropLinkToken, useLinkToken } from '@/app/linkToken'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { LinkDone, NoToken } from '@/pages/links/LinkGone'
import './texts'
import { Doorway } from '@/ui/Doorway'

/** Asks before it stops: programs that look into mails open links too. */
export function UnsubscribePage() {
  const { t } = useTranslation()
  const token = useLinkToken()
  const stop = useMutation({ mutationFn: () => stopMails(token ?? ''), onSuccess: dropLinkToken })
  useTitle(t('family.stopTitle'))
  if (stop.isSuccess) return <LinkDone title={t('family.stopped')} detail={t('family.stoppedDetail')} />
  if (!token) return <NoToken title={t('family.stopTitle')} />
  return (
    <Doorway title={t('family.stopTitle')} lead={t('family.stopLead')}>
      <Stack>
        <ProblemNotice error={stop.error} />
        <Button loading={stop.isPending} onClick={() => stop.mutate()}>
          {t('family.stop')}
        </Button>
      </Stack>
    </Doorway>
  )
}
