import { Button, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { familyIn, familyQueries } from '@/api/family'
import { contextQueries } from '@/api/queries'
import type { OwnTie } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { ChartOf, useZone } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import './texts'
import { atTime } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './Family.module.css'
import { HomeView } from './HomeView'
import { OwnLetters } from './Letters'
import { Mails } from './Mails'
import { News } from './News'

/** What a relative comes for: the people they follow, and what is shared of each. */
export function FamilyPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { patient } = useParams({ strict: false })
  const { data } = useSuspenseQuery(contextQueries(context).ties())
  const family = data.relationships.filter((it) => it.kind === 'family')
  const active = family.filter((it) => it.waits_for.length === 0)
  const shown = active.find((it) => it.patient === patient) ?? active[0]
  useTitle(t('family.homeTitle'))
  return (
    <Stack gap="lg">
      <PageHead title={t('family.homeTitle')} lead={t('family.homeLead')} />
      {family
        .filter((it) => it.waits_for.length > 0)
        .map((it) => (
          <Waiting key={it.patient} tie={it} />
        ))}
      {family.length === 0 && <p className={classes.nothing}>{t('family.noPeople')}</p>}
      {active.length > 1 && (
        <nav className={classes.tabs} aria-label={t('family.people')}>
          {active.map((it) => (
            <Suspense key={it.patient}>
              <Tab tie={it} current={it === shown} />
            </Suspense>
          ))}
        </nav>
      )}
      {shown && <Shared key={shown.patient} patient={shown.patient} />}
    </Stack>
  )
}

function Tab({ tie, current }: { tie: OwnTie; current: boolean }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const navigate = useNavigate()
  const { data: patient } = useSuspenseQuery(chartQueries(context).patient(tie.patient))
  return (
    <Button
      variant={current ? 'filled' : 'default'}
      aria-current={current ? 'page' : undefined}
      onClick={() =>
        navigate({ to: '/c/$context/family/$patient', params: { context, patient: tie.patient } })
      }
    >
      {nameOf(patient.name) || t('family.somebody', { facility: tie.facility })}
    </Button>
  )
}

/** A tie that is not agreed to by everybody yet. */
function Waiting({ tie }: { tie: OwnTie }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const agree = useMutation({
    mutationFn: () => familyIn(context).agree(tie.patient),
    onSettled: () => cache.invalidateQueries({ queryKey: contextQueries(context).ties().queryKey }),
  })
  return (
    <section className={classes.card}>
      <Text>{t('family.agreeTitle', { facility: tie.facility })}</Text>
      <ProblemNotice error={agree.error} />
      {tie.waits_for.includes('member') ? (
        <div>
          <Button loading={agree.isPending} onClick={() => agree.mutate()}>
            {t('family.agree')}
          </Button>
        </div>
      ) : (
        <Text c="dimmed">{t('family.waitsForPatient')}</Text>
      )}
    </section>
  )
}

/** How many answers they have not read. */
function Unread({ patient }: { patient: string }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data } = useQuery(familyQueries(context).own(patient))
  return data?.unread ? <Chip kind="good">{t('family.unread', { count: data.unread })}</Chip> : null
}

function Shared({ patient }: { patient: string }) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const zone = useZone()
  const { data: home, error, dataUpdatedAt } = useQuery(familyQueries(context).home(patient))
  return (
    <ChartOf value={patient}>
      <ProblemNotice error={error} />
      {home === undefined && !error && <Busy label={t('family.looking')} />}
      {home === null && <Notice kind="info">{t('family.gone')}</Notice>}
      {home && (
        <>
          {may('letters.write') && (
            <p className={classes.jump}>
              <a href="#letters">{t('family.toLetters')}</a> <Unread patient={patient} />
            </p>
          )}
          <News patient={patient} home={home} zone={zone}>
            <HomeView home={home} zone={zone} />
          </News>
          <Text size="sm" c="dimmed">
            {t('family.asOf', { time: atTime(new Date(dataUpdatedAt).toISOString(), zone) })}{' '}
            <Link to="/c/$context/patients/$patient" params={{ context, patient }}>
              {t('family.details')}
            </Link>
          </Text>
        </>
      )}
      {home !== null && may('letters.write') && <OwnLetters patient={patient} zone={zone} />}
      <Mails />
    </ChartOf>
  )
}
