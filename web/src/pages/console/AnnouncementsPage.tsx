import { Button, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { type PlatformAnnouncement, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { whenExactly } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import classes from './Console.module.css'
import { faultAt } from './faults'
import { useAbove } from './useAbove'

const LEVELS = ['info', 'warning', 'maintenance'] as const

export function AnnouncementsPage() {
  const { t } = useTranslation()
  const { may } = useAbove()
  const cache = useQueryClient()
  const query = platformQueries.announcements()
  const { data } = useSuspenseQuery(query)
  const [open, setOpen] = useState(false)
  useTitle(t('platform.announcements'))
  const withdraw = useMutation({
    mutationFn: platform.withdraw,
    onSettled: () => cache.invalidateQueries({ queryKey: query.queryKey }),
  })
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        title={t('platform.announcements')}
        lead={t('platform.announcementsLead')}
        actions={
          may('platform.announce') && <Button onClick={() => setOpen(true)}>{t('platform.announce')}</Button>
        }
      />
      <ProblemNotice error={withdraw.error} />
      <Section title={t('platform.announcements')}>
        {data.announcements.length === 0 && <Text c="dimmed">{t('platform.none')}</Text>}
        <Rows>
          {data.announcements.map((it) => (
            <Row
              key={it.announcement}
              title={
                <>
                  {it.title}{' '}
                  <Chip kind={it.level === 'info' ? 'plain' : 'warn'}>{t(`context.level_${it.level}`)}</Chip>
                </>
              }
              text={
                <>
                  <div className={classes.text}>{it.text}</div>
                  <State it={it} /> {it.organizations?.join(', ') ?? t('platform.everyone')}.
                </>
              }
              action={
                may('platform.announce') &&
                !it.withdrawn_at &&
                Date.parse(it.ends_at) > http.now() && (
                  <Button
                    variant="default"
                    size="sm"
                    aria-label={`${t('platform.withdraw')}: ${it.title}`}
                    loading={withdraw.isPending && withdraw.variables === it.announcement}
                    onClick={() => withdraw.mutate(it.announcement)}
                  >
                    {t('platform.withdraw')}
                  </Button>
                )
              }
            />
          ))}
        </Rows>
      </Section>
      {open && <Announce onClose={() => setOpen(false)} />}
    </Stack>
  )
}

function State({ it }: { it: PlatformAnnouncement }) {
  const { t } = useTranslation()
  const now = http.now()
  const until = whenExactly(it.ends_at)
  if (it.withdrawn_at) return <>{t('platform.withdrawn', { when: whenExactly(it.withdrawn_at) })}.</>
  if (Date.parse(it.ends_at) <= now) return <>{t('platform.over', { when: until })}.</>
  if (Date.parse(it.starts_at) > now)
    return <>{t('platform.coming', { from: whenExactly(it.starts_at), to: until })}.</>
  return <>{t('platform.until', { when: until })}.</>
}

/** As the field for a local time wants it, a day from now. */
function tomorrow(): string {
  const then = new Date(http.now() + 86_400_000)
  return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function Announce({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [title, setTitle] = useState('')
  const [text, setText] = useState('')
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('info')
  const [some, setSome] = useState(false)
  const [named, setNamed] = useState('')
  const [starts, setStarts] = useState('')
  const [ends, setEnds] = useState(tomorrow)
  const [missing, setMissing] = useState<string | null>(null)
  const organizations = named.split(/[\s,]+/).filter(Boolean)
  const tell = useMutation({
    mutationFn: () =>
      platform.announce({
        title,
        text,
        level,
        organizations: some ? organizations : null,
        // Nothing said is at once.
        starts_at: starts === '' ? undefined : new Date(starts).toISOString(),
        ends_at: new Date(ends).toISOString(),
      }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: platformQueries.announcements().queryKey })
      onClose()
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    const fault = !title.trim()
      ? 'title'
      : !text.trim()
        ? 'text'
        : some && organizations.length === 0
          ? 'organizations'
          : Number.isNaN(Date.parse(ends)) || (starts !== '' && Date.parse(ends) <= Date.parse(starts))
            ? 'ends_at'
            : null
    setMissing(fault)
    if (!fault) tell.mutate()
  }
  const wrong = missing ?? faultAt(tell.error)
  return (
    <Dialog title={t('platform.announce')} onClose={onClose} wide>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('platform.announcementTitle')}
            maxLength={200}
            value={title}
            error={wrong === 'title' && t('platform.fault_name')}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            size="md"
            rows={4}
            label={t('platform.announcementText')}
            maxLength={4000}
            value={text}
            error={wrong === 'text' && t('platform.fault_text')}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className={form.two}>
            <NativeSelect
              size="md"
              label={t('platform.level')}
              value={level}
              data={LEVELS.map((it) => ({ value: it, label: t(`context.level_${it}`) }))}
              onChange={(event) => setLevel(LEVELS.find((it) => it === event.currentTarget.value) ?? 'info')}
            />
            <TextInput
              type="datetime-local"
              label={t('platform.startsAt')}
              description={t('platform.startsAtHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={starts}
              onChange={(event) => setStarts(event.currentTarget.value)}
            />
            <TextInput
              type="datetime-local"
              label={t('platform.endsAt')}
              value={ends}
              error={wrong === 'ends_at' && t('platform.fault_ends_at')}
              onChange={(event) => setEnds(event.currentTarget.value)}
            />
            <NativeSelect
              size="md"
              label={t('platform.toWhom')}
              value={some ? 'some' : 'all'}
              data={[
                { value: 'all', label: t('platform.everyone') },
                { value: 'some', label: t('platform.someOnly') },
              ]}
              onChange={(event) => setSome(event.currentTarget.value === 'some')}
            />
            {some && (
              <TextInput
                label={t('platform.whom')}
                autoCapitalize="none"
                spellCheck={false}
                value={named}
                error={wrong === 'organizations' && t('platform.fault_organizations')}
                onChange={(event) => setNamed(event.currentTarget.value)}
              />
            )}
          </div>
          {!wrong && <ProblemNotice error={tell.error} />}
          <div className={form.buttons}>
            <Button type="submit" loading={tell.isPending}>
              {t('platform.tell')}
            </Button>
          </div>
        </Stack>
      </form>
    </Dialog>
  )
}
