import { Anchor, Button, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { useEffectEvent, useLayoutEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Queue, type Resident, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import '@/pages/shift/texts'
import { atTime } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { PlaceSelect } from './PlaceSelect'
import { ResidentCard } from './ResidentCard'
import classes from './Shift.module.css'
import { useLive } from './useLive'
import { useNow } from './useNow'
import { usePlace } from './usePlace'

type Which = 'all' | 'due'
type Hidden = 'stays' | 'tasks' | 'vitals' | 'alerts'

/** Which residents were shown of each facility, and how far down: whoever writes of one comes back to them. */
const places = new Map<string, { top: number; which: Which }>()

export function ShiftPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const place = usePlace()
  const { data: queue, error } = useQuery({
    ...shiftQueries(context).queue(place.code),
    enabled: place.code !== '',
  })
  useTitle(t('shift.title'))
  useLive()
  const params = { context }
  return (
    <Stack gap="lg">
      <PageHead
        title={t('shift.title')}
        lead={
          queue &&
          t('shift.lead', {
            name: t(`shift.name_${queue.shift.name}`),
            from: atTime(queue.shift.from, place.zone),
            until: atTime(queue.shift.until, place.zone),
          })
        }
        actions={
          <>
            <Button renderRoot={(props) => <Link to="/c/$context/handovers" params={params} {...props} />}>
              {t('shift.handOver')}
            </Button>
            <Button
              variant="default"
              renderRoot={(props) => <Link to="/c/$context/board" params={params} {...props} />}
            >
              {t('board.nav')}
            </Button>
            <Button
              variant="default"
              renderRoot={(props) => <Link to="/c/$context/incidents" params={params} {...props} />}
            >
              {t('shift.incidents')}
            </Button>
          </>
        }
      />
      <PlaceSelect />
      {place.code === '' && <Text>{t('shift.noFacility')}</Text>}
      <ProblemNotice error={error} />
      {queue && <Residents key={place.code} queue={queue} code={place.code} zone={place.zone} />}
      {!queue && !error && place.code !== '' && <Busy label={t('shift.loading')} />}
    </Stack>
  )
}

function Residents({ queue, code, zone }: { queue: Queue; code: string; zone: string }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const now = useNow()
  const { which, choose } = useSamePlace(`${context} ${code}`)
  const [said, setSaid] = useState({ patient: '', words: '' })
  // Who has nothing left to do stays as long as it is said there what was done.
  const shown = queue.residents.filter((it) => which === 'all' || isDue(it) || it.patient === said.patient)
  const wings = new Map<string | null, Resident[]>()
  for (const it of shown) wings.set(it.wing, [...(wings.get(it.wing) ?? []), it])
  return (
    <>
      <Census census={queue.census} />
      {queue.hidden.length > 0 && (
        <Notice kind="info">
          {t('shift.hidden', {
            what: queue.hidden.map((it) => t(`shift.hidden_${it as Hidden}`)).join(', '),
          })}
        </Notice>
      )}
      {queue.unread.length > 0 && (
        <Notice kind="warn">
          {t('shift.unread', { count: queue.unread.length })}{' '}
          <Anchor renderRoot={(props) => <Link to="/c/$context/handovers" params={{ context }} {...props} />}>
            {t('shift.read')}
          </Anchor>
        </Notice>
      )}
      <div className={classes.tools}>
        <SegmentedControl
          aria-label={t('shift.which')}
          value={which}
          onChange={(value) => {
            choose(value as Which)
            setSaid({ patient: '', words: '' })
          }}
          data={(['all', 'due'] as const).map((value) => ({ value, label: t(`shift.which_${value}`) }))}
        />
      </div>
      {shown.length === 0 && (
        <Text>{t(queue.residents.length === 0 ? 'shift.nobody' : 'shift.nothingDue')}</Text>
      )}
      {[...wings].map(([wing, residents]) => (
        <section key={wing ?? ''} aria-label={wing ?? t('shift.noWing')}>
          {(wings.size > 1 || wing) && <h2 className={classes.wing}>{wing ?? t('shift.noWing')}</h2>}
          <ul className={classes.list}>
            {residents.map((it) => (
              <li key={it.patient}>
                <ResidentCard
                  resident={it}
                  zone={zone}
                  now={now}
                  hidden={queue.hidden}
                  said={it.patient === said.patient ? said.words : ''}
                  onSaid={(words) => setSaid({ patient: it.patient, words })}
                />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}

const isDue = (it: Resident) =>
  it.tasks.length > 0 || it.unread.length > 0 || it.alerts.some((one) => one.new)

function Census({ census }: { census: Queue['census'] }) {
  const { t } = useTranslation()
  const facts = [
    [t('shift.here'), census.here],
    [t('shift.away'), census.away],
    [t('shift.admitted'), census.admitted_today],
    [t('shift.discharged'), census.discharged_today],
    ...(census.rooms > 0
      ? [[t('shift.free'), t('shift.freeOf', { free: census.free.length, rooms: census.rooms })] as const]
      : []),
  ] as const
  return (
    <section className={classes.card} aria-label={t('shift.census')}>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function useSamePlace(key: string) {
  const router = useRouter()
  const [which, setWhich] = useState<Which>(() => places.get(key)?.which ?? 'all')
  const keep = useEffectEvent(() => places.set(key, { top: window.scrollY, which }))
  useLayoutEffect(() => {
    const was = places.get(key)
    const goBack = () => was && window.scrollTo(0, was.top)
    goBack()
    // The router shows a page from its top once it is there.
    const end = router.subscribe('onRendered', goBack)
    const listen = () => keep()
    window.addEventListener('scroll', listen, { passive: true })
    return () => {
      end()
      window.removeEventListener('scroll', listen)
    }
  }, [key, router])
  return {
    which,
    choose(next: Which) {
      setWhich(next)
      places.set(key, { top: window.scrollY, which: next })
    },
  }
}
