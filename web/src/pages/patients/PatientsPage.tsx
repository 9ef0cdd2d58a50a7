import { Anchor, Button, SegmentedControl, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type KeyboardEvent, memo, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { chartsQueries } from '@/api/charts'
import { fhirIn } from '@/api/fhir'
import type { Patient } from '@/api/fhirTypes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { isMerged, nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { useFacility } from '@/pages/context/useFacility'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { PatientLine } from './PatientLine'
import classes from './Patients.module.css'

/** Long enough not to ask for every letter, short enough not to be felt. */
const DEBOUNCE = 150

export function PatientsPage() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const title = t(me.kind === 'portal' ? 'patients.titleOwn' : 'patients.title')
  const router = useRouter()
  const facility = useFacility()
  const [typed, setTyped] = useState('')
  const [settled] = useDebouncedValue(typed.trim(), DEBOUNCE)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  useTitle(title)
  useSlash(field)

  const search = useInfiniteQuery({
    ...chartQueries(context).patients({ typed: settled, organization: facility.organization }),
    placeholderData: keepPreviousData,
  })
  const { data: recent = [] } = useQuery(chartQueries(context).recent())
  const pages = search.data?.pages ?? []
  // Rooms are the house's business: who looks in from outside is shown none.
  const { data: census } = useQuery({ ...chartsQueries(context).census(), enabled: me.kind !== 'portal' })
  const [which, setWhich] = useState<Which>('all')
  const stayOf = (patient: Patient) => census?.find((it) => it.patient === patient.id)
  // Who stays here is known: without a name to look for they are asked for by that.
  const staying = useStaying(which === 'here' && settled === '' ? census : undefined)
  const found = (staying ?? pages.flatMap((page) => page.items)).filter(
    (it) =>
      !isMerged(it) &&
      (!facility.name || it.managingOrganization?.display === facility.name) &&
      (which === 'all' || !census || (which === 'here') === (stayOf(it) !== undefined)),
  )
  const waiting = search.isPlaceholderData || typed.trim() !== settled
  const alike = !search.isPlaceholderData && pages[0]?.alike === true && found.length > 0

  const links = () => [...(list.current?.querySelectorAll<HTMLAnchorElement>('a[data-patient]') ?? [])]
  function fromField(event: KeyboardEvent) {
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      links()[0]?.focus()
    }
    // Enter opens the first, once it is the first of what was typed; of those who only sound alike one is chosen.
    if (event.key === 'Enter' && !waiting && !alike && typed.trim() !== '' && found[0])
      router.navigate({ to: '/c/$context/patients/$patient', params: { context, patient: found[0].id } })
    if (event.key === 'Escape') setTyped('')
  }
  function fromList(event: KeyboardEvent) {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const all = links()
    const at = all.indexOf(document.activeElement as HTMLAnchorElement)
    if (at < 0) return
    event.preventDefault()
    const next = event.key === 'ArrowDown' ? all[at + 1] : (all[at - 1] ?? field.current)
    next?.focus()
  }
  return (
    <Stack gap="lg">
      <PageHead
        title={title}
        actions={
          may('chart.write') && (
            <Button renderRoot={(props) => <Link to="/c/$context/admit" params={{ context }} {...props} />}>
              {t('patients.admit')}
            </Button>
          )
        }
      />
      <search className={classes.tools}>
        <TextInput
          ref={field}
          className={classes.search}
          type="search"
          label={t('patients.search')}
          description={
            <>
              {t('patients.searchHint')} <span className={classes.keys}>{t('patients.searchKeys')}</span>
            </>
          }
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={fromField}
        />
        {census && <WhichOnes which={which} onChange={setWhich} />}
      </search>
      {facility.name && (
        <Text size="sm">
          {t('patients.onlyAt', { facility: facility.name })}{' '}
          <Anchor component="button" type="button" size="sm" onClick={() => facility.choose('')}>
            {t('patients.everywhere')}
          </Anchor>
        </Text>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrows move among the links inside */}
      <div ref={list} onKeyDown={fromList} className={classes.results}>
        {typed.trim() === '' && recent.length > 0 && (
          <nav aria-label={t('patients.recent')} className={classes.recent}>
            <h2 className={classes.heading}>{t('patients.recent')}</h2>
            <ul className={classes.list}>
              {recent.map((it) => (
                <li key={it.id} className={classes.item}>
                  <PatientLine patient={it} />
                </li>
              ))}
            </ul>
          </nav>
        )}
        {typed.trim() === '' && recent.length > 0 && <h2 className={classes.heading}>{t('patients.all')}</h2>}
        <ProblemNotice error={search.error} />
        {alike && <Notice kind="info">{t('patients.alike')}</Notice>}
        <VisuallyHidden role="status">
          {!waiting && settled !== '' && t('patients.shown', { count: found.length })}
        </VisuallyHidden>
        {found.length > 0 ? (
          <ul className={classes.list} data-waiting={waiting || undefined} aria-label={title}>
            {found.map((it) => (
              <li key={it.id} className={classes.item}>
                <PatientLine patient={it} stay={stayOf(it)} />
              </li>
            ))}
          </ul>
        ) : (
          search.isSuccess &&
          !waiting && (
            <div className={classes.none}>
              <Text>{settled === '' ? t('patients.none') : t('patients.noneFound')}</Text>
              {settled !== '' && <Text c="dimmed">{t('patients.noneHint')}</Text>}
            </div>
          )
        )}
        {search.hasNextPage && !waiting && !staying && (
          <div>
            <Button
              variant="default"
              size="sm"
              loading={search.isFetchingNextPage}
              onClick={() => search.fetchNextPage()}
            >
              {t('patients.more')}
            </Button>
          </div>
        )}
      </div>
    </Stack>
  )
}

const WHICH = ['all', 'here', 'gone'] as const
type Which = (typeof WHICH)[number]

/** Measures itself whenever it is drawn: not for every letter of a name. */
const WhichOnes = memo(function WhichOnes(props: { which: Which; onChange(which: Which): void }) {
  const { t } = useTranslation()
  return (
    <SegmentedControl
      aria-label={t('patients.which')}
      value={props.which}
      onChange={(value) => props.onChange(value as Which)}
      data={WHICH.map((value) => ({ value, label: t(`patients.which_${value}`) }))}
    />
  )
})

/** The patients of these stays, by name. */
function useStaying(census: { patient: string }[] | null | undefined): Patient[] | undefined {
  const { context } = useMe()
  const ids = census?.map((it) => it.patient) ?? []
  const { data } = useQuery({
    queryKey: ['context', context, 'fhir', 'patients', 'staying', ids],
    enabled: ids.length > 0,
    gcTime: 10_000,
    staleTime: 30_000,
    refetchOnWindowFocus: false,
    queryFn: async ({ signal }) => {
      const of: string[][] = []
      for (let i = 0; i < ids.length; i += 100) of.push(ids.slice(i, i + 100))
      const pages = await Promise.all(
        of.map((some) =>
          fhirIn(context).all('Patient', { _id: some.join(','), _count: '100' }, { most: 100, signal }),
        ),
      )
      const last = (it: Patient) => it.name?.[0]?.family ?? nameOf(it.name)
      return pages.flat().toSorted((a, b) => last(a).localeCompare(last(b)))
    },
  })
  return census ? (ids.length === 0 ? [] : (data ?? [])) : undefined
}

/** "/" goes to the field, unless one is typing elsewhere. */
function useSlash(field: React.RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    function hear(event: globalThis.KeyboardEvent) {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return
      const { target } = event
      if (target instanceof Element && target.closest('input, textarea, select, [role=dialog]')) return
      event.preventDefault()
      field.current?.focus()
      field.current?.select()
    }
    document.addEventListener('keydown', hear)
    return () => document.removeEventListener('keydown', hear)
  }, [field])
}
