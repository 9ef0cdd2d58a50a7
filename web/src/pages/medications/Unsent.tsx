import { Button, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Notice } from '@/ui/Notice'
import { clock } from './Needed'
import type { Kept, Outbox, State } from './Outbox'
import classes from './Pass.module.css'
import { refusalWords } from './refusals'

/** What is not at the server yet, and what it did not take: in sight until somebody has seen it. */
export function Unsent({ outbox, state }: { outbox: Outbox; state: State }) {
  const { t } = useTranslation()
  const waiting = state.items.filter((it) => it.state === 'waiting').length
  const open = state.items.filter((it) => it.state !== 'waiting')
  return (
    <>
      {waiting > 0 && state.away && (
        <Notice kind="warn">
          <strong>{t('medications.keptCount', { count: waiting })}</strong>{' '}
          {state.local ? t('medications.keptMore') : t('medications.keptWeak')}
        </Notice>
      )}
      {open.map((it) => (
        <NotRecorded key={it.dose.request} kept={it} outbox={outbox} />
      ))}
    </>
  )
}

/** What can be recorded all the same, when somebody says why. */
const INSIST = ['too-early', 'dose-missed', 'too-soon', 'limit-reached', 'order-held', 'order-ended']

function NotRecorded({ kept, outbox }: { kept: Kept; outbox: Outbox }) {
  const { t } = useTranslation()
  const { dose, told, zone, name, what } = kept
  const [insists, setInsists] = useState(false)
  const outcome = (of: string) => t(`medications.state_${of as 'given'}`)
  const own = { own: outcome(dose.outcome), ownTime: clock(dose.at, zone) }
  const twice = kept.state === 'conflict' && dose.outcome === 'given' && told?.outcome === 'given'
  return (
    <Notice kind="bad">
      <div className={classes.unsolvedHead}>
        {name} · {what}
      </div>
      <div>
        {kept.state === 'conflict'
          ? t('medications.conflict', {
              who: told?.by ?? t('medications.somebody'),
              outcome: outcome(told?.outcome ?? 'given'),
              time: told?.at ? clock(told.at, zone) : '',
              ...own,
            })
          : t('medications.refusedOwn', { ...own, why: refusalWords(told?.code, t) })}
        {told?.from && kept.state === 'refused' && (
          <> {t('medications.refusalFrom', { time: clock(told.from, zone) })}</>
        )}
      </div>
      {twice && <Text fw={650}>{t('medications.conflictTwice')}</Text>}
      {insists ? (
        <Insist
          onSave={(despite) => outbox.insist(dose.request, { despite })}
          onCancel={() => setInsists(false)}
        />
      ) : (
        <div className={classes.unsolvedActs}>
          {kept.state === 'refused' && INSIST.includes(told?.code ?? '') && (
            <Button variant="default" onClick={() => setInsists(true)}>
              {t('medications.insist')}
            </Button>
          )}
          <Button
            variant="default"
            aria-label={t('medications.seenLabel', { what, name })}
            onClick={() => outbox.seen(dose.request)}
          >
            {t(kept.state === 'conflict' ? 'medications.seen' : 'medications.leave')}
          </Button>
        </div>
      )}
    </Notice>
  )
}

function Insist({ onSave, onCancel }: { onSave(despite: string): void; onCancel(): void }) {
  const { t } = useTranslation()
  const [why, setWhy] = useState('')
  const [tried, setTried] = useState(false)
  function save(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (why.trim()) onSave(why.trim())
  }
  return (
    <form onSubmit={save} className={classes.insist}>
      <TextInput
        label={t('medications.why')}
        description={t('medications.whyHint')}
        error={tried && !why.trim() && t('medications.whyNeeded')}
        maxLength={500}
        value={why}
        onChange={(event) => setWhy(event.currentTarget.value)}
        autoFocus
      />
      <div className={classes.unsolvedActs}>
        <Button type="submit">{t('medications.insist')}</Button>
        <Button variant="default" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}
