import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { Post, PostChange } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { byArea, permissionWords } from '@/texts/words'
import { type Check, CheckGroup } from '@/ui/CheckGroup'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import { changeOf, type Draft, dayOf, draftOf, rebased } from './draft'
import classes from './Form.module.css'
import { faultyField, isStale } from './faults'
import { Trial } from './Trial'
import './texts'

const FIELDS = ['role', 'facilities', 'ends_at', 'denied', 'permissions'] as const
type Field = (typeof FIELDS)[number]

interface Props {
  post: Post
  onSaved(): Promise<void>
  onCancel(): void
}

/** A change of a post. It starts from the version that was on the page, and says so. */
export function ChangePost({ post, onSaved, onCancel }: Props) {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const cache = useQueryClient()
  const reach = me.facilities.map((it) => it.code)
  const [base, setBase] = useState(post)
  const [draft, setDraft] = useState<Draft>(() => draftOf(post, reach))
  const [trying, setTrying] = useState<PostChange | null>(null)
  const [wrong, setWrong] = useState<Field | null>(null)
  const [note, setNote] = useState<'stale' | 'same' | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const set = (some: Partial<Draft>) => setDraft({ ...draft, ...some })

  function submit(event: FormEvent) {
    event.preventDefault()
    const change = changeOf(base, draft, reach)
    const title = draft.role.trim()
    const over = change?.ends_at && draft.ends < dayOf(new Date().toISOString())
    const found = title === '' || title.length > 100 ? 'role' : over ? 'ends_at' : null
    setWrong(found)
    setNote(change ? null : 'same')
    if (!found && change) setTrying(change)
  }
  async function refused(error: unknown) {
    const field = FIELDS.find((it) => it === faultyField(error))
    if (field) setWrong(field)
    if (isStale(error)) {
      const fresh = await cache.fetchQuery({ ...contextQueries(context).post(base.membership), staleTime: 0 })
      setDraft(rebased(draft, draftOf(base, reach), draftOf(fresh, reach)))
      setBase(fresh)
      setNote('stale')
    }
    if (!field && !isStale(error)) return
    setTrying(null)
    form.current?.scrollIntoView({ block: 'start' })
  }
  const fault = (field: Field) => (wrong === field ? t(`people.fault_${field}`) : undefined)
  const elsewhere = base.own.facilities.filter((code) => !reach.includes(code)).length
  const check = (key: string): Check => {
    const notMine = !may(key) && !draft.kept.has(key)
    return {
      key,
      label: permissionWords(key),
      note: notMine ? t('people.notYours') : undefined,
      fixed: notMine && base.own.denied.includes(key),
    }
  }
  return (
    <Section title={t('people.changeTitle')}>
      <form onSubmit={submit} noValidate ref={form}>
        <Stack gap="lg">
          {note === 'stale' && (
            <Notice kind="warn">
              <strong>{t('people.staleTitle')}</strong> {t('people.stale')}
            </Notice>
          )}
          <div className={classes.two}>
            <TextInput
              label={t('people.role')}
              maxLength={100}
              autoComplete="off"
              ref={first}
              value={draft.role}
              error={fault('role')}
              onChange={(event) => set({ role: event.currentTarget.value })}
            />
            <TextInput
              label={t('people.endsOn')}
              description={`${t('people.endsHint')} ${t('people.endsSoonest')}`}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              type="date"
              value={draft.ends}
              error={fault('ends_at')}
              onChange={(event) => set({ ends: event.currentTarget.value })}
            />
          </div>
          <CheckGroup
            label={t('people.facilities')}
            hint={elsewhere > 0 ? t('people.othersPlaces', { count: elsewhere }) : undefined}
            error={fault('facilities')}
            groups={[{ checks: me.facilities.map((it) => ({ key: it.code, label: it.name })) }]}
            value={draft.facilities}
            onChange={(facilities) => set({ facilities })}
          />
          {base.own.permissions.length > 0 && (
            <CheckGroup
              label={t('people.takeAway')}
              hint={t('people.takeAwayHint')}
              error={fault('denied') ?? fault('permissions')}
              groups={byArea(base.own.permissions).map(({ area, keys }) => ({
                title: area,
                checks: keys.map(check),
              }))}
              value={draft.kept}
              onChange={(kept) => set({ kept })}
            />
          )}
          {note === 'same' && <Text c="dimmed">{t('people.nothingChanged')}</Text>}
          <div className={classes.buttons}>
            <Button type="submit">{t('people.preview')}</Button>
            <Button variant="default" onClick={onCancel}>
              {t('common.cancel')}
            </Button>
          </div>
        </Stack>
      </form>
      {trying && (
        <Trial
          title={t('outlook.title')}
          question={{ membership: base.membership, change: trying, end: false }}
          save={t('outlook.save')}
          act={() => inContext(context).changePost(base.membership, base.version, trying)}
          onDone={onSaved}
          onRefused={refused}
          onCancel={() => setTrying(null)}
        />
      )}
    </Section>
  )
}
