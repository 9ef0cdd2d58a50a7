import { Button, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { exportsOf } from '@/api/exports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import classes from './Exports.module.css'
import type { Said } from './ExportsPage'

/** Midnight of a day as this device's clock has it. */
const beginOf = (day: string) => new Date(`${day}T00:00:00`).toISOString()

/** Asks for an export. */
export function AskForm({ onDone }: { onDone(what: Said): Promise<void> }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [what, setWhat] = useState('everything')
  const [since, setSince] = useState('')
  const ask = useMutation({
    mutationFn: () =>
      exportsOf(context).ask({
        patients_only: what === 'patients',
        ...(since && { since: beginOf(since) }),
      }),
    onSuccess: () => {
      setSince('')
      return onDone('asked')
    },
  })
  function send(event: FormEvent) {
    event.preventDefault()
    ask.mutate()
  }
  const told = hasCode(ask.error, 'invalid')
    ? t('exports.sinceRefused')
    : hasCode(ask.error, 'too-many-exports')
      ? t('exports.tooMany')
      : null
  return (
    <Section title={t('exports.ask')}>
      <form onSubmit={send} className={classes.form}>
        <Stack gap="md">
          <Radio.Group label={t('exports.what')} value={what} onChange={setWhat}>
            <Stack gap="xs" mt="xs">
              <Radio
                value="everything"
                label={t('exports.everything')}
                description={t('exports.everythingMore')}
              />
              <Radio value="patients" label={t('exports.patients')} description={t('exports.patientsMore')} />
            </Stack>
          </Radio.Group>
          <TextInput
            type="date"
            label={t('exports.since')}
            description={t('exports.sinceMore')}
            value={since}
            max={new Date().toISOString().slice(0, 10)}
            onChange={(event) => setSince(event.currentTarget.value)}
            className={classes.day}
          />
          <Text c="dimmed">{t('exports.care')}</Text>
          {told ? <Notice kind="bad">{told}</Notice> : <ProblemNotice error={ask.error} />}
          <div>
            <Button type="submit" loading={ask.isPending}>
              {t('exports.start')}
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
