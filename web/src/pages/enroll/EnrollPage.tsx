import { Anchor, Button, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { safeReturn } from '@/app/returnTo'
import { useTitle } from '@/app/useTitle'
import { AddPasskey } from '@/pages/factors/AddPasskey'
import { AddTotp } from '@/pages/factors/AddTotp'
import { tell } from '@/session/channel'
import { useLeave } from '@/session/useLeave'
import { ChoiceCard } from '@/ui/ChoiceCard'
import { Doorway } from '@/ui/Doorway'
import { KeyIcon, PhoneIcon } from '@/ui/icons'
import { RecoveryCodes } from '@/ui/RecoveryCodes'

const route = getRouteApi('/signed-in/enroll')

type Step = { at: 'choose' | 'passkey' | 'totp' } | { at: 'codes'; codes: string[] }

/** Nothing else opens before a second factor is set up and its recovery codes are kept. */
export function EnrollPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const router = useRouter()
  const cache = useQueryClient()
  const { signOut } = useLeave()
  const [step, setStep] = useState<Step>({ at: 'choose' })
  const title = {
    choose: t('enroll.title'),
    passkey: t('newFactor.passkeyTitle'),
    totp: t('newFactor.totpTitle'),
    codes: t('recovery.title'),
  }[step.at]
  useTitle(title)

  async function finish() {
    cache.clear()
    tell({ kind: 'signed-in' })
    await router.navigate({ href: safeReturn(search.return), replace: true })
  }
  const adding = {
    onAdded: (codes: string[] | undefined) => (codes ? setStep({ at: 'codes', codes }) : finish()),
    onDeclined: () => setStep({ at: 'choose' }),
  }
  const foot = step.at !== 'codes' && (
    <Anchor component="button" type="button" onClick={() => signOut('device')}>
      {t('enroll.signOut')}
    </Anchor>
  )
  return (
    <Doorway
      title={title}
      lead={step.at === 'choose' && t('enroll.lead')}
      foot={foot}
      wide={step.at === 'codes'}
    >
      {step.at === 'choose' && (
        <Stack gap="sm">
          <ChoiceCard
            icon={<KeyIcon size={26} />}
            title={t('enroll.passkeyTitle')}
            badge={t('enroll.recommended')}
            text={t('enroll.passkeyText')}
            onClick={() => setStep({ at: 'passkey' })}
          />
          <ChoiceCard
            icon={<PhoneIcon size={26} />}
            title={t('enroll.totpTitle')}
            text={t('enroll.totpText')}
            onClick={() => setStep({ at: 'totp' })}
          />
        </Stack>
      )}
      {step.at === 'passkey' && <AddPasskey {...adding} />}
      {step.at === 'totp' && <AddTotp {...adding} />}
      {(step.at === 'passkey' || step.at === 'totp') && (
        <Button variant="subtle" onClick={() => setStep({ at: 'choose' })}>
          {t('common.back')}
        </Button>
      )}
      {step.at === 'codes' && <RecoveryCodes codes={step.codes} onKept={finish} />}
    </Doorway>
  )
}
