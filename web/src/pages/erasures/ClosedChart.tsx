import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ErrorComponentProps, Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { erasureQueries } from '@/api/erasures'
import { ApiError } from '@/api/errors'
import { http } from '@/api/http'
import { ErrorPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { when, whenExactly } from '@/texts/when'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './Erasures.module.css'
import { KeepingPanel } from './KeepingPanel'
import { useReopen } from './KeepingPart'
import './texts'

/** A chart that does not open: it is restricted, or it was erased. Anything else is told as everywhere. */
export function ClosedChart(props: ErrorComponentProps) {
  const { patient = '' } = useParams({ strict: false })
  const { context } = useMe()
  const { data, error, isPending } = useQuery(erasureQueries(context).restriction(patient))
  const erased = error instanceof ApiError && error.code === 'record-erased'
  if (isPending) return null
  if (erased) return <ErasedChart patient={patient} />
  if (!data?.restricted) return <ErrorPage {...props} />
  return <RestrictedChart patient={patient} since={data.since} looks={data.may_look} reset={props.reset} />
}

interface RestrictedProps {
  patient: string
  since: string | null
  looks: boolean
  reset(): void
}

function RestrictedChart({ patient, since, looks, reset }: RestrictedProps) {
  const { t } = useTranslation()
  const { may } = useMe()
  const reopen = useReopen(patient)
  useTitle(t('erasures.closedTitle'))
  function look() {
    http.legal.add(patient)
    reset()
    reopen(true)
  }
  return (
    <Stack gap="lg" className={classes.closed}>
      <PageHead
        title={t('erasures.closedTitle')}
        lead={t('erasures.closedLead', { when: since ? when(since) : '' })}
      />
      <Notice kind="warn">{looks ? t('erasures.lookWhat') : t('erasures.closedWho')}</Notice>
      <Group>
        {looks && <Button onClick={look}>{t('erasures.look')}</Button>}
        <Ways />
      </Group>
      {may('records.keep') && (
        <KeepingPanel
          patient={patient}
          onOpened={(restricted) => {
            if (!restricted) reset()
            reopen(restricted)
          }}
        />
      )}
    </Stack>
  )
}

function ErasedChart({ patient }: { patient: string }) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const { data } = useQuery({ ...erasureQueries(context).keeping(patient), enabled: may('records.keep') })
  useTitle(t('erasures.erasedTitle'))
  return (
    <Stack gap="lg" className={classes.closed}>
      <PageHead title={t('erasures.erasedTitle')} lead={t('erasures.erasedLead')} />
      {data?.erased_at && <Text>{t('erasures.erasedSince', { when: whenExactly(data.erased_at) })}</Text>}
      <Group>
        <Ways />
      </Group>
    </Stack>
  )
}

function Ways() {
  const { t } = useTranslation()
  const { context, may } = useMe()
  return (
    <>
      {may('audit.report') && (
        <Button
          className={classes.link}
          variant="default"
          renderRoot={(props) => (
            <Link to="/c/$context/oversight/$part" params={{ context, part: 'log' }} {...props} />
          )}
        >
          {t('erasures.log')}
        </Button>
      )}
      <Button
        className={classes.link}
        variant="default"
        renderRoot={(props) => <Link to="/c/$context/patients" params={{ context }} {...props} />}
      >
        {t('erasures.back')}
      </Button>
    </>
  )
}
