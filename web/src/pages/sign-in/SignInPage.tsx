import { Anchor, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { personQueries } from '@/api/queries'
import type { Next } from '@/api/types'
import { safeReturn } from '@/app/returnTo'
import { useTitle } from '@/app/useTitle'
import { tell } from '@/session/channel'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'
import { pngOf } from '@/ui/png'
import { DemoPeople } from './DemoPeople'
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
  const { people } = route.useRouteContext()
  const { data: branding } = useQuery({ ...personQueries.branding(), retry: false })
  const house = branding?.name ? { name: branding.name, logo: pngOf(branding.logo) } : undefined
  const [own, setOwn] = useState(begun !== undefined)
  const choosing = people.length > 0 && !own
  const title = choosing ? t('demo.title') : step === 'factor' ? t('signIn.factorTitle') : t('signIn.title')
  const returnTo = safeReturn(search.return)
  useTitle(title)
  async function done(next: Next['next']) {
    cache.clear()
    if (next === 'done') tell({ kind: 'signed-in' })
    if (next === 'enroll')
      await router.navigate({ to: '/enroll', search: { return: returnTo }, replace: true })
    else await router.navigate({ href: returnTo, replace: true })
  }
  const turn = (
    <Anchor component="button" type="button" onClick={() => setOwn(choosing)}>
      {choosing ? t('demo.own') : t('demo.ownHide')}
    </Anchor>
  )
  if (choosing)
    return (
      <Doorway house={house} title={title} lead={t('demo.lead')} wide="full" foot={turn}>
        {search.ended && <Notice kind="info">{t('signIn.ended')}</Notice>}
        <DemoPeople people={people} onDone={() => done('done')} />
        <Text size="sm" c="dimmed">
          {t('demo.hint')}
        </Text>
      </Doorway>
    )
  return (
    <Doorway
      house={house}
      title={title}
      lead={step === 'password' && t('signIn.lead')}
      foot={people.length > 0 ? turn : t('signIn.privacy')}
    >
      {step === 'password' && search.error && <Notice kind="bad">{t('signIn.providerFailed')}</Notice>}
      {step === 'password' && search.ended && <Notice kind="info">{t('signIn.ended')}</Notice>}
      <SignInFlow begun={begun} returnTo={returnTo} onStep={setStep} onDone={done} />
    </Doorway>
  )
}
