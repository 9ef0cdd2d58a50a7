import { Button, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { invitations, session as sessionApi } from '@/api/auth'
import { hasCode } from '@/api/errors'
import { personQueries } from '@/api/queries'
import type { Invitation, Next } from '@/api/types'
import { dropLinkToken, useLinkToken } from '@/app/linkToken'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { SignInFlow } from '@/pages/sign-in/SignInFlow'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'
import { NoToken } from './LinkGone'
import { NewAccountForm } from './NewAccountForm'

export function InvitationPage() {
  const { t } = useTranslation()
  const token = useLinkToken()
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => invitations.read(token ?? ''),
    enabled: token !== null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const title = invitation.data
    ? t('links.invitationTitle', { organization: invitation.data.organization.name })
    : t('posts.title')
  useTitle(t('common.product'))
  if (!token) return <NoToken title={t('common.product')} />
  if (invitation.error)
    return (
      <Doorway title={t('common.product')}>
        <ProblemNotice error={invitation.error} />
        {hasCode(invitation.error, 'link-ended') && <Text c="dimmed">{t('links.invitationEnded')}</Text>}
      </Doorway>
    )
  if (!invitation.data) return <Doorway title={t('common.loading')} />
  return (
    <Doorway title={title} lead={t('links.invitationLead', { role: invitation.data.role })}>
      <Accept token={token} invitation={invitation.data} />
    </Doorway>
  )
}

function Accept({ token, invitation }: { token: string; invitation: Invitation }) {
  const { t } = useTranslation()
  const router = useRouter()
  const cache = useQueryClient()
  const session = useQuery({ ...personQueries.session(), retry: false, enabled: invitation.account })
  const accept = useMutation({
    mutationFn: (account?: { name: string; password: string }) => invitations.accept(token, account),
    onSuccess: ({ next }) => goOn(next),
  })
  const signOut = useMutation({
    mutationFn: () => sessionApi.end('device'),
    onSuccess: () => cache.resetQueries(personQueries.session()),
  })
  async function goOn(next: Next['next']) {
    dropLinkToken()
    cache.clear()
    if (next === 'enroll') await router.navigate({ to: '/enroll', search: {}, replace: true })
    else await router.navigate({ to: '/', search: {}, replace: true })
  }

  if (!invitation.account)
    return (
      <NewAccountForm
        email={invitation.email}
        rules={invitation.password_rules}
        busy={accept.isPending}
        error={accept.error}
        onSubmit={accept.mutate}
      />
    )
  if (session.isPending) return <Text c="dimmed">{t('common.loading')}</Text>
  if (!session.data)
    return (
      <Stack>
        <Notice kind="info">{t('links.invitationAccount', { email: invitation.email })}</Notice>
        <SignInFlow
          email={invitation.email}
          returnTo="/"
          onDone={async (next) => {
            // Whoever must set up a second factor first is asked again for the link after it.
            if (next === 'enroll') await accept.mutateAsync(undefined).catch(() => goOn('enroll'))
            else await session.refetch()
          }}
        />
      </Stack>
    )
  const mine = session.data.person.email.toLowerCase() === invitation.email.toLowerCase()
  const { email } = session.data.person
  return (
    <Stack>
      <Text>
        {mine
          ? t('links.invitationAs', { email })
          : t('links.invitationOther', { email, invited: invitation.email })}
      </Text>
      <ProblemNotice error={accept.error ?? signOut.error} />
      {mine ? (
        <Button loading={accept.isPending} onClick={() => accept.mutate(undefined)}>
          {t('links.invitationAccept')}
        </Button>
      ) : (
        <Button loading={signOut.isPending} onClick={() => signOut.mutate()}>
          {t('links.invitationSignOut')}
        </Button>
      )}
    </Stack>
  )
}
