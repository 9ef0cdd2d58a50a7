import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import type { Patient } from '@/api/fhirTypes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { isMerged, nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { PatientFacts } from './PatientLine'
import classes from './Patients.module.css'

interface Props {
  label: string
  /** What is said of each, to take that one. */
  pick: string
  none: string
  /** Who is not looked for. */
  not?: string
  onPick(patient: Patient): void
}

/** Looks for a patient by what is typed, and gives the one that is taken. */
export function FindPatient({ label, pick, none, not, onPick }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), 150)
  const search = useInfiniteQuery({
    ...chartQueries(context).patients({ typed: settled }),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  })
  const all = search.data?.pages.flatMap((page) => page.items) ?? []
  const found = settled === '' ? [] : all.filter((it) => it.id !== not && !isMerged(it))
  return (
    <>
      <TextInput
        type="search"
        label={label}
        description={t('patients.searchHint')}
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
        <ul className={classes.list} aria-label={label}>
          {found.map((it) => (
            <li key={it.id} className={classes.item}>
              <div className={classes.line}>
                <PatientFacts patient={it} name={nameOf(it.name) || t('chart.nameless')} />
                <Button
                  variant="default"
                  size="sm"
                  aria-label={`${pick}: ${nameOf(it.name)}`}
                  onClick={() => onPick(it)}
                >
                  {pick}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      ) : (
        settled !== '' && search.isSuccess && <p className={classes.none}>{none}</p>
      )}
    </>
  )
}
