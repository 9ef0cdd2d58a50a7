import { Loader, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { factors } from '@/api/auth'
import { Declined } from '@/api/errors'
import { ProblemNotice } from '@/app/ProblemNotice'
import { CodeInput } from '@/ui/CodeInput'
import { TotpSecret } from '@/ui/TotpSecret'
import type { AddProps } from './adding'

export function AddTotp({ onAdded, onDeclined }: AddProps) {
  const { t } = useTranslation()
  const [attempt, setAttempt] = useState(0)
  const start = useMutation({
    mutationFn: () => factors.startTotp(t('newFactor.defaultApp')),
    onError: (error) => error instanceof Declined && onDeclined(),
  })
  const confirm = useMutation({
    mutationFn: (code: string) => factors.confirm(start.data?.id ?? '', code),
    onSuccess: (answer) => onAdded(answer.recovery_codes),
    onError: () => setAttempt((n) => n + 1),
  })
  const begin = useEffectEvent(() => start.mutate())
  useEffect(() => {
    // Strict mode runs effects twice; the key must be made once.
    const timer = setTimeout(begin)
    return () => clearTimeout(timer)
  }, [])
  if (start.error) return <ProblemNotice error={start.error} />
  if (!start.data) return <Loader size="sm" />
  return (
    <Stack>
      <TotpSecret {...start.data} />
      <CodeInput
        key={attempt}
        label={t('newFactor.code')}
        disabled={confirm.isPending}
        onComplete={confirm.mutate}
      />
      <ProblemNotice error={confirm.error} />
    </Stack>
  )
}
