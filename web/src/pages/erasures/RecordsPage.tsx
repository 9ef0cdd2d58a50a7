import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { erasureQueries, type RecordsKept } from '@/api/erasures'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { State, Story } from './ErasureSection'
import classes from './Erasures.module.css'
import './texts'

/** Every record that is restricted, held, or to be erased. */
export function RecordsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data, error } = useQuery(erasureQueries(context).list())
  useTitle(t('erasures.listTitle'))
  return (
    <Stack gap="lg">
      <PageHead title={t('erasures.listTitle')} lead={t('erasures.listLead')} />
      <ProblemNotice error={error} />
      {!data && !error && <Text role="status">{t('erasures.loading')}</Text>}
      {data && <Lists records={data} />}
    </Stack>
  )
}

function Lists({ records }: { records: RecordsKept }) {
  const { t } = useTranslation()
  const names = new Map(records.patients.map((it) => [it.patient, it.name]))
  const called = (patient: string, erased = false) =>
    names.get(patient) || t(erased ? 'erasures.erasedName' : 'erasures.closedName')
  const list = (title: string, none: string, rows: ReactNode[]) => (
    <Section title={title}>{rows.length === 0 ? <Text>{none}</Text> : <Rows>{rows}</Rows>}</Section>
  )
  return (
    <>
      {list(
        t('erasures.listErasures'),
        t('erasures.listErasuresNone'),
        records.erasures.map((it) => {
          const name = called(it.patient, it.state === 'done')
          return (
            <Row
              key={it.erasure}
              title={
                <>
                  {name} <State erasure={it} />
                </>
              }
              text={<Story erasure={it} />}
              action={<Open patient={it.patient} name={name} />}
            />
          )
        }),
      )}
      {list(
        t('erasures.listRestrictions'),
        t('erasures.listRestrictionsNone'),
        records.restrictions.map((it) => (
          <Row
            key={it.patient}
            title={called(it.patient)}
            text={
              <>
                {t(`erasures.restriction_${it.ground}`)}
                <br />
                {t('erasures.when', { when: when(it.since), who: it.by })}
              </>
            }
            action={<Open patient={it.patient} name={called(it.patient)} />}
          />
        )),
      )}
      {list(
        t('erasures.listHolds'),
        t('erasures.listHoldsNone'),
        records.holds.map((it) => (
          <Row
            key={it.hold}
            title={
              <>
                {called(it.patient)} <Chip>{t(`erasures.hold_${it.kind}`)}</Chip>
              </>
            }
            text={
              <>
                {it.matter}
                <br />
                {t('erasures.placed', { when: when(it.placed_at), who: it.placed_by })}
              </>
            }
            action={<Open patient={it.patient} name={called(it.patient)} />}
          />
        )),
      )}
    </>
  )
}

function Open({ patient, name }: { patient: string; name: string }) {
  const { t } = useTranslation()
  const { context } = useMe()
  return (
    <Button
      className={classes.link}
      variant="default"
      size="sm"
      aria-label={t('erasures.openRecordOf', { name })}
      renderRoot={(props) => (
        <Link
          to="/c/$context/patients/$patient/$section"
          params={{ context, patient, section: 'keeping' }}
          {...props}
        />
      )}
    >
      {t('erasures.openRecord')}
    </Button>
  )
}
