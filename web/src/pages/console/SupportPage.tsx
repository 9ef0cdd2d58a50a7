import { Button, Checkbox, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type OwnSupport, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { faultAt } from './faults'
import { useAbove } from './useAbove'

export function SupportPage() {
  const { t } = useTranslation()
  const { may } = useAbove()
  const cache = useQueryClient()
  const query = platformQueries.support()
  const { data } = useSuspenseQuery(query)
  const [asking, setAsking] = useState(false)
  useTitle(t('platform.support'))
  const end = useMutation({
    mutationFn: platform.endSupport,
    onSettled: () => cache.invalidateQueries({ queryKey: query.queryKey }),
  })
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        title={t('platform.support')}
        lead={t('platform.supportLead')}
        actions={
          may('platform.support') && (
            <Button onClick={() => setAsking(true)}>{t('platform.askSupport')}</Button>
          )
        }
      />
      <ProblemNotice error={end.error} />
      <Section title={t('platform.requests')}>
        {data.requests.length === 0 && <Text c="dimmed">{t('platform.none')}</Text>}
        <Rows>
          {data.requests.map((it) => (
            <Row
              key={it.request}
              title={
                <>
                  {it.organization}{' '}
                  <Chip kind={it.write ? 'warn' : 'plain'}>
                    {it.write ? t('platform.mayWrite') : t('platform.readOnly')}
                  </Chip>
                </>
              }
              text={`${t(`platform.support_${it.state}`)} · ${said(it, t)}`}
              action={
                may('platform.support') &&
                (it.state === 'waiting' || it.state === 'running') && (
                  <Button
                    variant="default"
                    size="sm"
                    aria-label={`${t(it.state === 'waiting' ? 'platform.withdrawSupport' : 'platform.endSupport')}: ${it.organization}`}
                    onClick={() => end.mutate(it.request)}
                  >
                    {t(it.state === 'waiting' ? 'platform.withdrawSupport' : 'platform.endSupport')}
                  </Button>
                )
              }
            />
          ))}
        </Rows>
      </Section>
      {asking && <Ask onClose={() => setAsking(false)} />}
    </Stack>
  )
}

/** For how long, and since or until when. */
function said(it: OwnSupport, t: TFunction<'texts'>): string {
  if (it.state === 'running' && it.ends_at) return t('platform.supportUntil', { when: when(it.ends_at) })
  return t('platform.supportAsked', { count: it.minutes, when: when(it.asked_at) })
}

/** Read-only and short unless more is asked for; the organization decides. */
function Ask({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [organization, setOrganization] = useState('')
  const [membership, setMembership] = useState('')
  const [reason, setReason] = useState('')
  const [minutes, setMinutes] = useState('30')
  const [write, setWrite] = useState(false)
  const [missing, setMissing] = useState<string | null>(null)
  const ask = useMutation({
    mutationFn: () =>
      platform.askSupport({
        organization: organization.trim(),
        reason: reason.trim(),
        minutes: Number(minutes),
        write,
        ...(membership ? { membership: Number(membership) } : {}),
      }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: platformQueries.support().queryKey })
      onClose()
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    const fault = !organization.trim()
      ? 'organization'
      : membership && !/^[1-9]\d{0,8}$/.test(membership)
        ? 'membership'
        : !reason.trim()
          ? 'reason'
          : /^\d{1,3}$/.test(minutes) && Number(minutes) >= 5 && Number(minutes) <= 240
            ? null
            : 'minutes'
    setMissing(fault)
    if (!fault) ask.mutate()
  }
  const wrong = missing ?? faultAt(ask.error)
  return (
    <Dialog title={t('platform.askSupport')} onClose={onClose} wide>
      <form onSubmit={submit} noValidate>
        <Stack>
          <div className={form.two}>
            <TextInput
              label={t('platform.supportOrganization')}
              autoCapitalize="none"
              spellCheck={false}
              value={organization}
              error={wrong === 'organization' && t('platform.fault_organizations')}
              onChange={(event) => setOrganization(event.currentTarget.value)}
            />
            <TextInput
              label={t('platform.supportPost')}
              inputMode="numeric"
              value={membership}
              error={wrong === 'membership' && t('platform.fault_membership')}
              onChange={(event) => setMembership(event.currentTarget.value)}
            />
            <TextInput
              label={t('platform.supportMinutes')}
              inputMode="numeric"
              value={minutes}
              error={wrong === 'minutes' && t('platform.fault_minutes')}
              onChange={(event) => setMinutes(event.currentTarget.value)}
            />
          </div>
          <TextInput
            label={t('platform.supportReason')}
            description={t('platform.supportReasonHint')}
            maxLength={500}
            value={reason}
            error={wrong === 'reason' && t('platform.fault_reason')}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Checkbox
            label={t('platform.supportWrite')}
            checked={write}
            onChange={(event) => setWrite(event.currentTarget.checked)}
          />
          {!wrong && <ProblemNotice error={ask.error} />}
          <div className={form.buttons}>
            <Button type="submit" loading={ask.isPending}>
              {t('platform.ask')}
            </Button>
          </div>
        </Stack>
      </form>
    </Dialog>
  )
}
