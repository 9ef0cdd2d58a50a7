import { VisuallyHidden } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { SECTION_KEYS, SECTIONS, standsAlone } from '@/pages/chart/sections'
import { zoneOf } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import {
  showsEmergencies,
  showsExports,
  showsImports,
  showsPatients,
  showsPeople,
  showsTemplates,
} from '@/pages/context/shows'
import { useMe } from '@/pages/context/useContextId'
import { seesAccesses } from '@/session/rights'
import { useLeave } from '@/session/useLeave'
import { finds, plain } from '@/texts/plain'
import { onDay } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { type Choice as Option, Picker, PickerHint } from '@/ui/Picker'

interface Choice extends Option {
  group: 'patients' | 'actions' | 'pages'
  go(): unknown
}

const MOST_PATIENTS = 8
const LEAST = 2

/** Wherever one is, a few letters lead to a page, an action that is allowed, or a patient. */
export function Palette({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const patients = usePatients(typed)
  const places = usePlaces()
  const fits = finds(typed)
  const choices = [...patients.found, ...places.filter((it) => fits(it.title))]
  const typedNow = plain(typed.trim())
  // Patients were looked for by their names; among the rest it is the one that begins so.
  const begins = choices.findIndex((it) => plain(it.title).startsWith(typedNow))
  const first = patients.found.length > 0 || typedNow === '' ? 0 : Math.max(0, begins)
  return (
    <Dialog title={t('palette.title')} onClose={onClose} wide>
      <Picker
        title={t('palette.title')}
        field={t('palette.field')}
        typed={typed}
        onType={setTyped}
        choices={choices}
        groups={{
          patients: t('palette.patients'),
          actions: t('palette.actions'),
          pages: t('palette.pages'),
        }}
        first={first}
        onPick={(choice, by) => {
          // What was typed last may still be looked for: Enter waits for it.
          if (by === 'key' && patients.waiting && choice.group === 'patients') return
          onClose()
          choice.go()
        }}
      >
        {choices.length === 0 && (
          <PickerHint>{t(patients.waiting ? 'palette.searching' : 'palette.nothing')}</PickerHint>
        )}
        <VisuallyHidden role="status">
          {typedNow !== '' && !patients.waiting && t('patients.shown', { count: choices.length })}
        </VisuallyHidden>
        <PickerHint>{t('palette.hint')}</PickerHint>
      </Picker>
    </Dialog>
  )
}

function usePatients(typed: string): { found: Choice[]; waiting: boolean } {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const router = useRouter()
  const [settled] = useDebouncedValue(typed.trim(), 150)
  const enabled = showsPatients(me.permissions) && settled.length >= LEAST
  const search = useInfiniteQuery({ ...chartQueries(context).patients({ typed: settled }), enabled })
  const items = enabled && settled === typed.trim() ? (search.data?.pages[0]?.items ?? []) : []
  const found = items.slice(0, MOST_PATIENTS).map((it): Choice => {
    const born = it.birthDate && onDay(it.birthDate, zoneOf(me, it))
    return {
      key: it.id,
      group: 'patients',
      title: nameOf(it.name) || t('chart.nameless'),
      text: [born, it.managingOrganization?.display].filter(Boolean).join(' · '),
      go: () => router.navigate({ to: '/c/$context/patients/$patient', params: { context, patient: it.id } }),
    }
  })
  const waiting =
    showsPatients(me.permissions) &&
    typed.trim().length >= LEAST &&
    (settled !== typed.trim() || search.isFetching)
  return { found, waiting }
}

/** The pages and actions there are for this post, and in a chart those of the chart. */
function usePlaces(): Choice[] {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const router = useRouter()
  const leave = useLeave()
  const { patient } = useParams({ strict: false })
  const charts = showsPatients(me.permissions)
  const { data: types } = useQuery({ ...chartQueries(context).types(), enabled: charts })
  const params = { context }
  const choices: (Choice | false | undefined)[] = []
  const add = (there: boolean, choice: Choice) => choices.push(there && choice)
  const page = (key: string, title: string, go: () => unknown): Choice => ({ key, group: 'pages', title, go })
  const action = (key: string, title: string, go: () => unknown): Choice => ({
    key,
    group: 'actions',
    title,
    go,
  })
  if (patient && charts) {
    const section = (key: string) =>
      router.navigate({
        to: '/c/$context/patients/$patient/$section',
        params: { context, patient, section: key },
      })
    for (const key of SECTION_KEYS) {
      const there =
        standsAlone(key, me, types) ||
        SECTIONS[key].some(([type]: readonly [string, ...unknown[]]) => types?.has(type))
      add(
        there,
        page(`section-${key}`, t('palette.ofChart', { section: t(`chart.section_${key}`) }), () =>
          section(key),
        ),
      )
    }
  }
  add(
    charts && may('chart.write'),
    action('admit', t('patients.admit'), () => router.navigate({ to: '/c/$context/admit', params })),
  )
  add(
    may('people.invite'),
    action('invite', t('people.invite'), () => router.navigate({ to: '/c/$context/people/invite', params })),
  )
  add(
    true,
    action('lock', t('context.lock'), () => leave.lock('asked')),
  )
  add(
    charts,
    page('patients', t(me.kind === 'portal' ? 'patients.titleOwn' : 'patients.title'), () =>
      router.navigate({ to: '/c/$context/patients', params }),
    ),
  )
  add(
    true,
    page('home', t(me.kind === 'portal' ? 'people.navAccess' : 'people.navHome'), () =>
      router.navigate({ to: '/c/$context/', params }),
    ),
  )
  const people = showsPeople(me.permissions)
  add(
    people,
    page('people', t('people.title'), () => router.navigate({ to: '/c/$context/people', params })),
  )
  add(
    people,
    page('roles', t('roles.title'), () => router.navigate({ to: '/c/$context/roles', params })),
  )
  add(
    showsEmergencies(me.permissions),
    page('emergencies', t('emergencies.nav'), () =>
      router.navigate({ to: '/c/$context/emergencies', params }),
    ),
  )
  add(
    showsTemplates(me.permissions),
    page('note-templates', t('notes.templates'), () =>
      router.navigate({ to: '/c/$context/note-templates', params }),
    ),
  )
  const manages = may('organization.manage')
  add(
    manages,
    page('facilities', t('facilities.title'), () =>
      router.navigate({ to: '/c/$context/facilities', params }),
    ),
  )
  add(
    showsExports(me.permissions),
    page('exports', t('exports.nav'), () => router.navigate({ to: '/c/$context/exports', params })),
  )
  add(
    showsImports(me.permissions),
    page('imports', t('exports.imports'), () => router.navigate({ to: '/c/$context/imports', params })),
  )
  add(
    seesAccesses(me),
    page('accesses', t('accesses.nav'), () => router.navigate({ to: '/c/$context/record-accesses', params })),
  )
  add(
    true,
    page('account', t('context.accountSecurity'), () =>
      router.navigate({ to: '/account', search: { from: context } }),
    ),
  )
  add(
    true,
    page('posts', t('context.yourPosts'), () => router.navigate({ to: '/', search: { all: true } })),
  )
  return choices.filter((it): it is Choice => Boolean(it))
}
