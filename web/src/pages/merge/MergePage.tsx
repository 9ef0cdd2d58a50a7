import { Anchor, Button, Stack, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import type { Patient } from '@/api/fhirTypes'
import { NotFoundPage } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { isMerged, nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { PatientFacts } from '@/pages/patients/PatientLine'
import patients from '@/pages/patients/Patients.module.css'
import { PageHead } from '@/ui/PageHead'
import { Compare } from './Compare'
import { useTwo } from './useTwo'

/** Two charts of one person are compared and made one. */
export function MergePage() {
  const { may } = useMe()
  return may('patients.merge') && may('chart.write') ? <Two /> : <NotFoundPage />
}

function Two() {
  const { t } = useTranslation()
  const { context } = useMe()
  const navigate = useNavigate()
  const { one, other } = useTwo()
  useTitle(t('merges.title'))
  const params = { context, patient: one.id }
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor
            renderRoot={(props) => <Link to="/c/$context/patients/$patient" params={params} {...props} />}
          >
            ← {nameOf(one.name)}
          </Anchor>
        }
        title={t('merges.title')}
        lead={t('merges.lead')}
      />
      {other ? (
        <Compare key={`${one.id} ${other.id}`} one={one} other={other} />
      ) : (
        <Find
          not={one.id}
          onPick={(id) => navigate({ to: '/c/$context/same/$patient', params, search: { as: id } })}
        />
      )}
    </Stack>
  )
}

function Find({ not, onPick }: { not: string; onPick(patient: string): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), 150)
  const search = useInfiniteQuery({
    ...chartQueries(context).patients({ typed: settled }),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  })
  const isOther = (it: Patient) => it.id !== not && !isMerged(it)
  const found = settled === '' ? [] : (search.data?.pages.flatMap((page) => page.items) ?? []).filter(isOther)
  return (
    <>
      <TextInput
        type="search"
        label={t('merges.find')}
        description={t('merges.findHint')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        data-autofocus
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <ProblemNotice error={search.error} />
      {found.length > 0 ? (
        <ul className={patients.list} aria-label={t('merges.find')}>
          {found.map((it) => (
            <li key={it.id} className={patients.item}>
              <div className={patients.line}>
                <PatientFacts patient={it} name={nameOf(it.name) || t('chart.nameless')} />
                <Button
                  variant="default"
                  size="sm"
                  aria-label={`${t('merges.pick')}: ${nameOf(it.name)}`}
                  onClick={() => onPick(it.id)}
                >
                  {t('merges.pick')}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      ) : (
        settled !== '' && search.isSuccess && <p className={patients.none}>{t('merges.none')}</p>
      )}
    </>
  )
}
