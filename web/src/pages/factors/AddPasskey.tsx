import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { factors } from '@/api/auth'
import { ProblemNotice } from '@/app/ProblemNotice'
import { makePasskey } from '@/session/passkeys'
import type { AddProps } from './adding'

/** A word for this device, for the name to begin with. */
function device(): string {
  const system = /iPhone|iPad|Android|Windows|Mac|CrOS|Linux/.exec(navigator.userAgent)?.[0] ?? ''
  return system === 'CrOS' ? 'Chromebook' : system
}

export function AddPasskey({ onAdded }: AddProps) {
  const { t } = useTranslation()
  const [label, setLabel] = useState(t('newFactor.defaultPasskey', { agent: device() }).replace(/, $/, ''))
  const create = useMutation({
    mutationFn: async () => {
      const { ceremony, credential } = await makePasskey(await factors.startPasskey())
      return await factors.finishPasskey(ceremony, label.trim(), credential)
    },
    onSuccess: (answer) => onAdded(answer.recovery_codes),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    create.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text>{t('newFactor.passkeyLead')}</Text>
        <TextInput
          label={t('newFactor.passkeyName')}
          description={t('newFactor.passkeyNameHint')}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
          autoComplete="off"
          maxLength={60}
          required
          withAsterisk={false}
        />
        <ProblemNotice error={create.error} />
        <Button type="submit" loading={create.isPending} data-autofocus>
          {t('newFactor.create')}
        </Button>
      </Stack>
    </form>
  )
}
