import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { safeReturn } from '@/app/returnTo'
import { useTitle } from '@/app/useTitle'
import { tell } from '@/session/channel'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'
import { SignInFlow } from './SignInFlow'

const route = getRouteApi('/sign-in')

/** What an identity provider's answer left to be shown: in the fragment, which reaches no log and is cleared at once. */
function takeBegun() {
  const left = new URLSearchParams(window.location.hash.slice(1))
  const login = left.get('login')
  if (!login) return undefined
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  const known = ['totp', 'passkey', 'sms', 'recovery'] as const
  const given = left.get('factors')?.split(',') ?? []
  return { next: 'factor' as const, login, factors: known.filter((factor) => given.includes(factor)) }
}

export function SignInPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const router = useRouter()
  const cache = useQueryClient()
  const [begun] = useState(takeBegun)
  const [step, setStep] = useState<'password' | 'factor'>(begun ? 'factor' : 'password')
  const title = step === 'factor' ? t('signIn.factorTitle') : t('signIn.title')
  const returnTo = safeReturn(search.return)
  useTitle(title)
  return (
    <Doorway title={title} lead={step === 'password' && t('signIn.lead')} foot={t('signIn.privacy')}>
      {step === 'password' && search.error && <Notice kind="bad">{t('signIn.providerFailed')}</Notice>}
      {step === 'password' && search.ended && <Notice kind="info">{t('signIn.ended')}</Notice>}
      <SignInFlow
        begun={begun}
        returnTo={returnTo}
        onStep={setStep}
        onDone={async (next) => {
          cache.clear()
          if (next === 'done') tell({ kind: 'signed-in' })
          if (next === 'enroll')
            await router.navigate({ to: '/enroll', search: { return: returnTo }, replace: true })
          else await router.navigate({ href: returnTo, replace: true })
        }}
      />
    </Doorway>
  )
}
