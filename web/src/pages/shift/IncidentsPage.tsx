import { Anchor, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import '@/pages/shift/texts'
import { Busy } from '@/ui/Busy'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { IncidentCard } from './IncidentCard'
import { PlaceSelect } from './PlaceSelect'
import classes from './Shift.module.css'
import { useLive } from './useLive'
import { usePlace } from './usePlace'

/** What happened at a facility in the last weeks, and what follows from it. */
export function IncidentsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const place = usePlace()
  const [which, setWhich] = useState<'open' | 'all'>('open')
  const [said, setSaid] = useState('')
  const news = useRef<HTMLDivElement>(null)
  const { data, error } = useQuery({
    ...shiftQueries(context).incidents(place.code),
    enabled: place.code !== '',
  })
  useTitle(t('incidents.title'))
  useLive()
  useEffect(() => {
    if (said) news.current?.focus()
  }, [said])
  const shown = data?.filter((it) => which === 'all' || !it.review)
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/shift" params={{ context }} {...props} />}>
            ← {t('shift.backToShift')}
          </Anchor>
        }
        title={t('incidents.title')}
        lead={t('incidents.lead')}
      />
      <PlaceSelect />
      <div ref={news} tabIndex={-1} className={classes.news}>
        {said && <Notice kind="good">{said}</Notice>}
      </div>
      {place.code === '' && <Text>{t('shift.noFacility')}</Text>}
      <ProblemNotice error={error} />
      {!data && !error && place.code !== '' && <Busy label={t('incidents.loading')} />}
      {data && (
        <div className={classes.tools}>
          <SegmentedControl
            aria-label={t('incidents.which')}
            value={which}
            onChange={(value) => setWhich(value as 'open')}
            data={(['open', 'all'] as const).map((value) => ({
              value,
              label: t(`incidents.which_${value}`),
            }))}
          />
        </div>
      )}
      {shown?.length === 0 && <Text>{t(data?.length === 0 ? 'incidents.none' : 'incidents.noneOpen')}</Text>}
      <ul className={classes.list} aria-label={t('incidents.list')}>
        {shown?.map((it) => (
          <li key={it.incident}>
            <IncidentCard it={it} zone={place.zone} onSaid={setSaid} />
          </li>
        ))}
      </ul>
    </Stack>
  )
}
