import { SegmentedControl, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { medicationQueries, type PassResident } from '@/api/medications'
import { Pending } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { atTime } from '@/texts/zone'
import { PageHead } from '@/ui/PageHead'
import './texts'
import { ChooseHouse } from './ChooseHouse'
import { byRoom, type Due, pressing } from './doses'
import { GiveDialog } from './GiveDialog'
import { NotGivenDialog } from './NotGivenDialog'
import type { Kept } from './Outbox'
import classes from './Pass.module.css'
import { type Recorded, ResidentCard } from './ResidentCard'
import { Unsent } from './Unsent'
import { useNow, useOutbox } from './useOutbox'
import { Views } from './Views'
import { WrongDialog } from './WrongDialog'

type Which = 'now' | 'all'
const WHICH = ['now', 'all'] as const
const NOTHING: readonly Kept[] = []

type Doing =
  | { kind: 'give'; dues: Due[] }
  | { kind: 'not'; due: Due }
  | { kind: 'wrong'; of: Recorded }
  | null

/** Everyone who stays here, with what they are to get now. */
export function PassPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { code, choices } = useChosenFacility()
  const unchosen = choices.length > 1 && code === ''
  const pass = useQuery({ ...medicationQueries(context).pass(code), enabled: !unchosen })
  const { outbox, state } = useOutbox()
  const tick = useNow()
  const [typed, setTyped] = useState('')
  const sought = useDeferredValue(typed.trim().toLocaleLowerCase('en'))
  const [which, setWhich] = useState<Which>('now')
  const [doing, setDoing] = useState<Doing>(null)
  useTitle(t('medications.title'))

  const now = pass.data ? Math.max(tick, Date.parse(pass.data.at)) : tick
  const residents = useMemo(() => pass.data?.residents.toSorted(byRoom), [pass.data])
  const ids = useMemo(() => residents?.map((it) => it.patient) ?? [], [residents])
  const { data: faces } = useQuery(medicationQueries(context).faces(ids))
  const kept = useMemo(() => {
    const by = new Map<string, Kept[]>()
    for (const it of state.items) by.set(it.dose.patient, [...(by.get(it.dose.patient) ?? []), it])
    return by
  }, [state.items])

  const weighed = useMemo(
    () => (residents ?? []).map((resident) => ({ resident, ...pressing(resident, now) })),
    [residents, now],
  )
  // Who was done just now stays where they are: nothing moves under the finger.
  const stays = useRef(new Set<string>())
  const isNow = (it: (typeof weighed)[number]) =>
    it.open > 0 || it.effects > 0 || kept.has(it.resident.patient)
  for (const it of weighed) if (isNow(it)) stays.current.add(it.resident.patient)
  const shown = weighed.filter(({ resident }) =>
    sought ? isSought(resident, sought) : which === 'all' || stays.current.has(resident.patient),
  )
  const sum = (of: (it: (typeof weighed)[number]) => number) => weighed.reduce((all, it) => all + of(it), 0)

  const give = useCallback((dues: Due[]) => setDoing({ kind: 'give', dues }), [])
  const not = useCallback((due: Due) => setDoing({ kind: 'not', due }), [])
  const wrong = useCallback((of: Recorded) => setDoing({ kind: 'wrong', of }), [])
  const close = () => setDoing(null)
  const record: Parameters<typeof GiveDialog>[0]['onRecord'] = (doses) => {
    outbox.add(doses)
    close()
  }
  const summary = [
    ['late', sum((it) => it.late)] as const,
    ['due', sum((it) => it.due)] as const,
    ['effects', sum((it) => it.effects)] as const,
  ]
    .filter(([, number]) => number > 0)
    .map(([what, number]) => t(`medications.count_${what}`, { number }))
    .join(' · ')
  if (pass.isLoading) return <Pending />
  return (
    <Stack gap="lg">
      <PageHead
        title={t('medications.title')}
        lead={pass.data && <span className={classes.summary}>{summary || t('medications.allDone')}</span>}
        actions={<Views />}
      />
      <Unsent outbox={outbox} state={state} />
      {/* What was looked up before is shown on; how old it is, is said. */}
      {unchosen && <ChooseHouse />}
      {!pass.data && <ProblemNotice error={pass.error} />}
      {pass.data && (
        <>
          <search className={classes.tools}>
            <TextInput
              className={classes.search}
              type="search"
              label={t('medications.search')}
              placeholder={t('medications.searchHint')}
              autoComplete="off"
              spellCheck={false}
              maxLength={100}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              onKeyDown={(event) => event.key === 'Escape' && setTyped('')}
            />
            <SegmentedControl
              size="md"
              aria-label={t('medications.which')}
              value={which}
              onChange={(value) => {
                stays.current.clear()
                setWhich(value as Which)
              }}
              data={WHICH.map((value) => ({ value, label: t(`medications.which_${value}`) }))}
            />
          </search>
          {pass.isError && residents?.[0] && (
            <Text c="dimmed">{t('medications.asOf', { time: atTime(pass.data.at, residents[0].zone) })}</Text>
          )}
          <VisuallyHidden role="status">
            {sought !== '' && t('medications.shown', { count: shown.length })}
          </VisuallyHidden>
          {shown.length > 0 ? (
            <ul className={classes.residents} aria-label={t('medications.title')}>
              {shown.map(({ resident }) => (
                <li key={resident.patient}>
                  <ResidentCard
                    resident={resident}
                    photo={faces?.get(resident.patient)}
                    now={now}
                    kept={kept.get(resident.patient) ?? NOTHING}
                    away={state.away}
                    onGive={give}
                    onNot={not}
                    onWrong={wrong}
                  />
                </li>
              ))}
            </ul>
          ) : (
            <div className={classes.nothing}>
              {weighed.length === 0 ? (
                <Text>{t('medications.none')}</Text>
              ) : sought ? (
                <Text>{t('medications.noneFound')}</Text>
              ) : (
                <>
                  <Text fw={600}>{t('medications.allDone')}</Text>
                  <Text c="dimmed">{t('medications.allDoneHint')}</Text>
                </>
              )}
            </div>
          )}
        </>
      )}
      {doing?.kind === 'give' && (
        <GiveDialog
          dues={doing.dues}
          photo={faces?.get(doing.dues[0]?.resident.patient ?? '')}
          onRecord={record}
          onClose={close}
        />
      )}
      {doing?.kind === 'not' && (
        <NotGivenDialog
          due={doing.due}
          photo={faces?.get(doing.due.resident.patient)}
          onRecord={record}
          onClose={close}
        />
      )}
      {doing?.kind === 'wrong' && <WrongDialog of={doing.of} onClose={close} />}
    </Stack>
  )
}

/** By the beginnings of words of the name or the room. */
function isSought({ name, room }: PassResident, sought: string): boolean {
  const words = `${name} ${room ?? ''}`.toLocaleLowerCase('en').split(/[\s,-]+/)
  return sought.split(/[\s,]+/).every((part) => words.some((word) => word.startsWith(part)))
}
