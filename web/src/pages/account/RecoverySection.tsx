import { Button, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { factors as api } from '@/api/auth'
import { personQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { Dialog } from '@/ui/Dialog'
import { RecoveryCodes } from '@/ui/RecoveryCodes'
import { Section } from '@/ui/Section'

export function RecoverySection() {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(personQueries.factors())
  const renew = useMutation({
    mutationFn: api.renewRecovery,
    onSuccess: () => cache.invalidateQueries(personQueries.factors()),
    gcTime: 0,
  })
  if (data.factors.length === 0) return null
  return (
    <Section
      title={t('account.recoveryTitle')}
      lead={t('account.recoveryLeft', { count: data.recovery_codes_left })}
    >
      <ProblemNotice error={renew.error} />
      <div>
        <Button size="sm" variant="light" loading={renew.isPending} onClick={() => renew.mutate()}>
          {t('account.recoveryRenew')}
        </Button>
        <Text size="sm" c="dimmed" mt={6}>
          {t('account.recoveryRenewHint')}
        </Text>
      </div>
      {renew.data && (
        <Dialog title={t('recovery.title')} wide>
          <RecoveryCodes codes={renew.data.recovery_codes} onKept={renew.reset} />
        </Dialog>
      )}
    </Section>
  )
}
