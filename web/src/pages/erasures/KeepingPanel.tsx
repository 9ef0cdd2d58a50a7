import { Button, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type Erasure,
  erasing,
  erasureQueries,
  HOLDS,
  type LegalHold,
  RESTRICTIONS,
  type RecordKeeping,
} from '@/api/erasures'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Row, Rows, Section } from '@/ui/Section'
import { Confirm, type Deed } from './Confirm'
import { ErasureSection } from './ErasureSection'
import classes from './Erasures.module.css'
import './texts'

interface Props {
  patient: string
  /** How the patient is called, where that is seen. */
  name?: string
  /** It was restricted, or opened again. */
  onOpened(restricted: boolean): void
}

/** What holds and restricts a record, how long it is kept, and its end. What can be undone comes first. */
export function KeepingPanel({ patient, name, onOpened }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const client = useQueryClient()
  const { data: keeping, error } = useQuery(erasureQueries(context).keeping(patient))
  const [deed, begin] = useState<Deed | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: erasureQueries(context).all })
  if (!keeping)
    return error ? <ProblemNotice error={error} /> : <Text role="status">{t('erasures.loading')}</Text>
  const parts = { keeping, patient, name, begin, refresh, onOpened }
  return (
    <Stack gap="lg">
      {!keeping.erased_at && (
        <>
          <RestrictionSection {...parts} />
          <HoldsSection {...parts} />
          <TimeSection keeping={keeping} />
        </>
      )}
      <ErasureSection {...parts} />
      {deed && <Confirm deed={deed} onClose={() => begin(null)} />}
    </Stack>
  )
}

export interface PartProps extends Props {
  keeping: RecordKeeping
  begin(deed: Deed): void
  refresh(): void
}

function RestrictionSection({ keeping, patient, begin, refresh, onOpened }: PartProps) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { restriction } = keeping
  const restrict: Deed = {
    title: t('erasures.restrictAsk'),
    lines: [t('erasures.restrictWhat'), t('erasures.restrictCare')],
    choice: {
      label: t('erasures.restrictWhy'),
      options: RESTRICTIONS.map((value) => ({ value, label: t(`erasures.restriction_${value}`) })),
    },
    submit: t('erasures.restrictNow'),
    act: (ground) => erasing(context).restrict(patient, ground as (typeof RESTRICTIONS)[number]),
    done: () => {
      refresh()
      onOpened(true)
    },
  }
  const lift: Deed = {
    title: t('erasures.liftAsk'),
    lines: [t('erasures.liftWhat')],
    submit: t('erasures.liftNow'),
    act: () => erasing(context).lift(patient),
    done: () => {
      refresh()
      onOpened(false)
    },
  }
  return (
    <Section title={t('erasures.restrictTitle')} lead={t('erasures.restrictLead')}>
      <div className={classes.state}>
        <div>
          <Chip kind={restriction ? 'warn' : 'good'}>
            {t(restriction ? 'erasures.restricted' : 'erasures.open')}
          </Chip>
          {restriction && (
            <Text>
              {t(`erasures.restriction_${restriction.ground}`)}
              <br />
              {t('erasures.when', { when: when(restriction.since), who: restriction.by })}
            </Text>
          )}
        </div>
        {!restriction ? (
          <Button onClick={() => begin(restrict)}>{t('erasures.restrictDo')}</Button>
        ) : (
          !isOpen(keeping) && (
            <Button variant="default" onClick={() => begin(lift)}>
              {t('erasures.lift')}
            </Button>
          )
        )}
      </div>
    </Section>
  )
}

/** Whether an erasure is approved and not over: what it closed is opened by taking it back. */
const isOpen = ({ erasures }: RecordKeeping) =>
  erasures.some((it: Erasure) => it.state === 'approved' || it.state === 'erasing')

function HoldsSection({ keeping, patient, begin, refresh }: PartProps) {
  const { t } = useTranslation()
  const { context } = useMe()
  const place: Deed = {
    title: t('erasures.holdAsk'),
    lines: [t('erasures.holdStops')],
    choice: {
      label: t('erasures.holdKind'),
      options: HOLDS.map((value) => ({ value, label: t(`erasures.hold_${value}`) })),
    },
    words: {
      label: t('erasures.holdMatter'),
      hint: t('erasures.holdMatterHint'),
      needed: t('erasures.holdMatterNeeded'),
      most: 500,
    },
    submit: t('erasures.holdNow'),
    act: (kind, matter) => erasing(context).hold(patient, kind as (typeof HOLDS)[number], matter),
    done: refresh,
  }
  const release = (hold: LegalHold): Deed => ({
    title: t('erasures.releaseAsk'),
    lines: [`${t(`erasures.hold_${hold.kind}`)}: ${hold.matter}`, t('erasures.releaseWhat')],
    submit: t('erasures.releaseNow'),
    act: () => erasing(context).release(hold.patient, hold.hold),
    done: refresh,
  })
  const standing = keeping.holds.filter((it) => !it.released_at)
  const past = keeping.holds.filter((it) => it.released_at)
  const line = (hold: LegalHold) => (
    <Row
      key={hold.hold}
      title={
        <>
          {t(`erasures.hold_${hold.kind}`)} {!hold.released_at && <Chip kind="warn">{hold.matter}</Chip>}
        </>
      }
      text={
        <>
          {hold.released_at && (
            <>
              {hold.matter}
              <br />
            </>
          )}
          {t('erasures.placed', { when: when(hold.placed_at), who: hold.placed_by })}
          {hold.released_at && (
            <>
              {' · '}
              {t('erasures.released', {
                when: when(hold.released_at),
                who: hold.released_by ?? t('erasures.somebody'),
              })}
            </>
          )}
        </>
      }
      action={
        !hold.released_at && (
          <Button variant="default" onClick={() => begin(release(hold))}>
            {t('erasures.release')}
          </Button>
        )
      }
    />
  )
  return (
    <Section title={t('erasures.holdsTitle')} lead={t('erasures.holdsLead')}>
      {standing.length === 0 && <Text>{t('erasures.holdsNone')}</Text>}
      {keeping.holds.length > 0 && <Rows>{[...standing, ...past].map(line)}</Rows>}
      <div>
        <Button variant="default" onClick={() => begin(place)}>
          {t('erasures.holdDo')}
        </Button>
      </div>
    </Section>
  )
}

function TimeSection({ keeping }: { keeping: RecordKeeping }) {
  const { t } = useTranslation()
  const until = keeping.kept_until
  const over = !keeping.in_the_way.includes('time')
  const words = !until
    ? t('erasures.timeForever')
    : over
      ? t('erasures.timeOver', { when: when(until) })
      : t('erasures.timeUntil', { when: when(until) })
  return (
    <Section title={t('erasures.timeTitle')} lead={t('erasures.timeRule')}>
      <Text fw={600}>{words}</Text>
    </Section>
  )
}
