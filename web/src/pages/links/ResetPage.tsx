import { Anchor, Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { password as api } from '@/api/auth'
import { hasCode } from '@/api/errors'
import { dropLinkToken, useLinkToken } from '@/app/linkToken'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { Doorway } from '@/ui/Doorway'
import { NewPasswordInput, passwordFits } from '@/ui/NewPasswordInput'
import { LinkDone, NoToken } from './LinkGone'

export function ResetPage() {
  const { t } = useTranslation()
  const token = useLinkToken()
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: () => api.reset(token ?? '', password),
    onSuccess: dropLinkToken,
  })
  useTitle(t('links.resetTitle'))
  if (reset.isSuccess) return <LinkDone title={t('links.resetDone')} detail={t('links.resetDoneDetail')} />
  if (!token) return <NoToken title={t('links.resetTitle')} />
  function submit(event: FormEvent) {
    event.preventDefault()
    reset.mutate()
  }
  return (
    <Doorway title={t('links.resetTitle')} lead={t('links.resetLead')}>
      <form onSubmit={submit}>
        <Stack>
          <NewPasswordInput value={password} onChange={setPassword} />
          <ProblemNotice error={reset.error} />
          {hasCode(reset.error, 'link-ended') && (
            <Anchor renderRoot={(props) => <Link to="/forgot" {...props} />}>{t('links.askNew')}</Anchor>
          )}
          <Button type="submit" loading={reset.isPending} disabled={!passwordFits(password)}>
            {t('links.resetSubmit')}
          </Button>
        </Stack>
      </form>
    </Doorway>
  )
}
