import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { factors } from '@/api/auth'
import { ProblemNotice } from '@/app/ProblemNotice'
import { CodeInput } from '@/ui/CodeInput'
import type { AddProps } from './adding'

/** E.164, from what people type. */
const toE164 = (typed: string) => typed.replaceAll(/[\s().-]/g, '')

export function AddSms({ onAdded }: AddProps) {
  const { t } = useTranslation()
  const [phone, setPhone] = useState('')
  const [wrong, setWrong] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const number = toE164(phone)
  const start = useMutation({
    mutationFn: () => factors.startSms(number, t('newFactor.defaultPhone', { last: number.slice(-2) })),
  })
  const confirm = useMutation({
    mutationFn: (code: string) => factors.confirm(start.data?.id ?? '', code),
    onSuccess: (answer) => onAdded(answer.recovery_codes),
    onError: () => setAttempt((n) => n + 1),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    const fits = /^\+[1-9]\d{6,14}$/.test(number)
    setWrong(!fits)
    if (fits) start.mutate()
  }
  if (start.data)
    return (
      <Stack>
        <Text>{t('newFactor.smsEnter', { phone: number })}</Text>
        <CodeInput
          key={attempt}
          label={t('newFactor.smsCode')}
          disabled={confirm.isPending}
          onComplete={confirm.mutate}
        />
        <ProblemNotice error={confirm.error} />
      </Stack>
    )
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text>{t('newFactor.smsLead')}</Text>
        <TextInput
          label={t('newFactor.phone')}
          description={t('newFactor.phoneHint')}
          type="tel"
          autoComplete="tel"
          value={phone}
          error={wrong && t('newFactor.phoneWrong')}
          onChange={(event) => setPhone(event.currentTarget.value)}
          required
          withAsterisk={false}
          data-autofocus
        />
        <ProblemNotice error={start.error} />
        <Button type="submit" loading={start.isPending}>
          {t('newFactor.send')}
        </Button>
      </Stack>
    </form>
  )
}
