import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { email } from '@/api/auth'
import { dropLinkToken, useLinkToken } from '@/app/linkToken'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { Doorway } from '@/ui/Doorway'
import { LinkDone, NoToken } from './LinkGone'

/** Asks before it confirms: programs that look into mails open links too. */
export function EmailPage() {
  const { t } = useTranslation()
  const token = useLinkToken()
  const confirm = useMutation({ mutationFn: () => email.confirm(token ?? ''), onSuccess: dropLinkToken })
  useTitle(t('links.emailTitle'))
  if (confirm.isSuccess) return <LinkDone title={t('links.emailDone')} detail={t('links.emailDoneDetail')} />
  if (!token) return <NoToken title={t('links.emailTitle')} />
  return (
    <Doorway title={t('links.emailTitle')} lead={t('links.emailLead')}>
      <Stack>
        <ProblemNotice error={confirm.error} />
        <Button loading={confirm.isPending} onClick={() => confirm.mutate()}>
          {t('links.emailSubmit')}
        </Button>
      </Stack>
    </Doorway>
  )
}
