import { Button, NativeSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { hasCode } from '@/api/errors'
import { contextQueries } from '@/api/queries'
import type { Facility } from '@/api/types'
import { showsShift } from '@/pages/context/shows'
import { useMe } from '@/pages/context/useContextId'
import { GrantProblem, isStale } from '@/pages/people/faults'
import { Notice } from '@/ui/Notice'
import classes from './Facilities.module.css'

const ShiftTimes = lazy(() => import('./ShiftTimes').then((it) => ({ default: it.ShiftTimes })))

const STATES = ['preparing', 'pilot', 'live'] as const

/** A facility, and how far it is. Its state is changed where it is shown. */
export function FacilityLine({ facility }: { facility: Facility }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const [timing, setTiming] = useState(false)
  const [timed, setTimed] = useState(false)
  const change = useMutation({
    mutationFn: (state: Facility['state']) => {
      const { name, time_zone, hours } = facility
      return inContext(context).changeFacility(facility.code, facility.version, {
        ...{ name, time_zone, hours, state },
      })
    },
    onSettled: () => cache.invalidateQueries({ queryKey: contextQueries(context).facilities().queryKey }),
  })
  return (
    <li className={classes.item}>
      <div className={classes.words}>
        <div className={classes.name}>{facility.name}</div>
        <div className={classes.text}>
          {facility.code} · {facility.time_zone} · {t(`facilities.means_${facility.state}`)}
        </div>
      </div>
      {showsShift(me.permissions) && (
        <Button
          size="sm"
          variant="default"
          aria-label={t('facilities.shiftsOf', { name: facility.name })}
          onClick={() => setTiming(true)}
        >
          {t('facilities.shifts')}
        </Button>
      )}
      <NativeSelect
        className={classes.state}
        aria-label={t('facilities.state', { name: facility.name })}
        value={facility.state}
        disabled={change.isPending}
        onChange={(event) => {
          const state = STATES.find((it) => it === event.currentTarget.value)
          if (state) change.mutate(state)
        }}
        data={STATES.map((state) => ({ value: state, label: t(`facilities.state_${state}`) }))}
      />
      {timed && (
        <div className={classes.problem}>
          <Notice kind="good">{t('facilities.shiftsSaved')}</Notice>
        </div>
      )}
      {timing && (
        <Suspense>
          <ShiftTimes
            facility={facility}
            onClose={(saved) => {
              setTiming(false)
              setTimed(saved)
            }}
          />
        </Suspense>
      )}
      {change.error && (
        <div className={classes.problem}>
          <ChangeProblem error={change.error} />
        </div>
      )}
    </li>
  )
}

export function ChangeProblem({ error }: { error: unknown }) {
  const { t } = useTranslation()
  if (hasCode(error, 'facility-holds-patients'))
    return <Notice kind="bad">{t('facilities.holdsPatients')}</Notice>
  if (isStale(error)) return <Notice kind="warn">{t('facilities.stale')}</Notice>
  return <GrantProblem error={error} />
}
