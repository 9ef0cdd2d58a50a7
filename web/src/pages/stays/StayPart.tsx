import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartsQueries } from '@/api/charts'
import { Entry, Group, Part } from '@/pages/chart/Part'
import { useChart } from '@/pages/chart/useChart'
import { useDoing } from '@/pages/chart/useDoing'
import { drafts } from '@/session/drafts'
import { atMoment, onDay } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { AdmitAgain } from './AdmitAgain'
import { Discharge } from './Discharge'
import { MoveHouse } from './MoveHouse'
import { dispositionOf, isCurrent } from './stay'
import { ComeBack, Leave, Transfer } from './Turns'

type Doing = 'admit' | 'transfer' | 'leave' | 'return' | 'discharge' | 'house'
const DOINGS: Doing[] = ['admit', 'transfer', 'leave', 'return', 'discharge', 'house']

/** Where the patient is, was, and what is done when they come and go. */
export function StayPart() {
  const { t } = useTranslation()
  const { context, id, me, may, patient, zone, draftKey } = useChart()
  const stays = useSuspenseQuery(chartsQueries(context).stays(id)).data ?? []
  const current = stays.find(isCurrent)
  const past = stays.filter((it) => it !== current)
  const open = useDoing<Doing>(() => DOINGS.find((it) => drafts.has(draftKey(`stay ${it}`))) ?? null)
  const { doing } = open
  const [told, setTold] = useState<string[]>([])
  const writes = may('chart.write') && patient.active !== false
  const dead = patient.deceasedBoolean === true || patient.deceasedDateTime !== undefined
  const begin = (what: Doing) => () => {
    setTold([])
    open.begin(what)
  }
  const done = (lines?: string[]) => {
    open.done()
    setTold(lines ?? [])
  }
  const away = current?.status === 'onleave'
  return (
    <Part
      title={t('stays.section')}
      actions={
        writes && (
          <>
            {!current && !dead && (
              <Button onClick={begin('admit')}>
                {t(past.length > 0 ? 'stays.admitAgain' : 'stays.admit')}
              </Button>
            )}
            {current && !away && (
              <>
                <Button variant="default" onClick={begin('transfer')}>
                  {t('stays.transfer')}
                </Button>
                <Button variant="default" onClick={begin('leave')}>
                  {t('stays.leave')}
                </Button>
              </>
            )}
            {away && <Button onClick={begin('return')}>{t('stays.comeBack')}</Button>}
            {current && (
              <Button variant="default" onClick={begin('discharge')}>
                {t('stays.discharge')}
              </Button>
            )}
            {may('patients.reassign') && me.facilities.length > 1 && (
              <Button variant="default" onClick={begin('house')}>
                {t('stays.house')}
              </Button>
            )}
          </>
        )
      }
    >
      {told.length > 0 && (
        <Notice kind="good">
          {told.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </Notice>
      )}
      <Group>
        {current ? (
          <Entry
            title={
              away ? t('stays.awayAt', { place: current.away ?? '' }) : (current.room ?? t('stays.noRoom'))
            }
            chips={<Chip kind={away ? 'warn' : 'good'}>{t(away ? 'stays.awayNow' : 'stays.here')}</Chip>}
            lines={[
              away && current.room && t('stays.heldRoom', { room: current.room }),
              [current.at, current.from && t('stays.since', { when: atMoment(current.from, zone) })]
                .filter(Boolean)
                .join(' · '),
              current.reason && t('stays.reason', { reason: current.reason }),
            ]}
          />
        ) : (
          <Entry title={t('stays.notHere')} lines={[t('stays.notHereText')]} />
        )}
      </Group>
      {current && current.places.length > 1 && (
        <Group title={t('stays.places')}>
          {current.places.map((place) => (
            <Entry
              key={`${place.name} ${place.from} ${place.status}`}
              quiet={place.status === 'completed'}
              title={place.name ?? ''}
              chips={place.status === 'reserved' && <Chip>{t('stays.held')}</Chip>}
              aside={
                place.from &&
                (place.until
                  ? t('stays.fromTo', { from: onDay(place.from, zone), to: onDay(place.until, zone) })
                  : t('stays.fromOn', { from: onDay(place.from, zone) }))
              }
            />
          ))}
        </Group>
      )}
      {past.length > 0 && (
        <Group title={t('stays.earlier')}>
          {past.map((stay) => (
            <Entry
              key={stay.stay}
              quiet
              title={stay.at ?? t('stays.section')}
              lines={[
                stay.reason && t('stays.reason', { reason: stay.reason }),
                [stay.disposition && t(`stays.end_${dispositionOf(stay.disposition)}`), stay.destination]
                  .filter(Boolean)
                  .join(': '),
              ]}
              aside={
                stay.from &&
                (stay.until
                  ? t('stays.fromTo', { from: onDay(stay.from, zone), to: onDay(stay.until, zone) })
                  : t('stays.fromOn', { from: onDay(stay.from, zone) }))
              }
            />
          ))}
        </Group>
      )}
      {doing === 'admit' && !current && <AdmitAgain onDone={() => done()} />}
      {current && doing === 'transfer' && <Transfer stay={current} onDone={() => done()} />}
      {current && doing === 'leave' && <Leave stay={current} onDone={() => done()} />}
      {current && doing === 'return' && <ComeBack stay={current} onDone={() => done()} />}
      {current && doing === 'discharge' && <Discharge stay={current} onDone={() => done()} />}
      {doing === 'house' && <MoveHouse onDone={done} />}
    </Part>
  )
}
