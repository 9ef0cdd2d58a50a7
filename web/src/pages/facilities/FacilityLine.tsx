import { NativeSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { hasCode } from '@/api/errors'
import { contextQueries } from '@/api/queries'
import type { Facility } from '@/api/types'
import { useContextId } from '@/pages/context/useContextId'
import { GrantProblem, isStale } from '@/pages/people/faults'
import { Notice } from '@/ui/Notice'
import classes from './Facilities.module.css'

const STATES = ['preparing', 'pilot', 'live'] as const

/** A facility, and how far it is. Its state is changed where it is shown. */
export function FacilityLine({ facility }: { facility: Facility }) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
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
      {change.error && (
        <div className={classes.problem}>
          <ChangeProblem error={change.error} />
        </div>
      )}
    </li>
  )
}

function ChangeProblem({ error }: { error: unknown }) {
  const { t } = useTranslation()
  if (hasCode(error, 'facility-holds-patients'))
    return <Notice kind="bad">{t('facilities.holdsPatients')}</Notice>
  if (isStale(error)) return <Notice kind="warn">{t('facilities.stale')}</Notice>
  return <GrantProblem error={error} />
}
