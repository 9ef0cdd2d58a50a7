import { Button, NativeSelect } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import type { Criteria } from '@/api/fhir'
import type { Of, Type } from '@/api/fhirTypes'
import { atTime, dayOf, onDay } from '@/texts/zone'
import { medicationOf } from './MedicationsPart'
import { NewNoteButton, titleOf } from './NotesPart'
import classes from './Overview.module.css'
import { Nothing, Part } from './Part'
import { NEWEST_VITALS, type SectionKey, TIMELINE, VITAL_SIGNS } from './sections'
import { useChart, useRecords } from './useChart'
import { KINDS, numbersOf, roundsOf, shownNumbers, shownUnit, sideOf } from './vitals'
import { conceptOf, quantityOf } from './words'

interface Happening {
  key: string
  at: string
  what: string
  title: string
  by?: string
  section?: SectionKey
}

const PAGE = 20

export function OverviewPart() {
  const { t } = useTranslation()
  const { context, id, may, zone } = useChart()
  const all = useHappenings()
  const vitals = useRecords('Observation', VITAL_SIGNS, NEWEST_VITALS)
  const [kind, setKind] = useState('')
  const [shown, setShown] = useState(PAGE)
  const kinds = [...new Set(all.map((it) => it.what))].toSorted()
  const fitting = all.filter((it) => kind === '' || it.what === kind)
  const happenings = fitting.slice(0, shown)
  const more = useOlder(fitting.length <= shown)
  const days = group(happenings, (it) => dayOf(it.at, zone))
  const params = (section: SectionKey) => ({ context, patient: id, section })
  return (
    <Part
      title={t('chart.section_overview')}
      actions={
        <>
          {may('chart.write') && vitals && (
            <Button
              variant={may('notes.write') ? 'default' : 'filled'}
              renderRoot={(props) => (
                <Link to="/c/$context/patients/$patient/$section" params={params('vitals')} {...props} />
              )}
            >
              {t('vitals.chart')}
            </Button>
          )}
          {may('notes.write') && <NewNoteButton />}
        </>
      }
    >
      <LatestVitals />
      {kinds.length > 1 && (
        <NativeSelect
          className={classes.kinds}
          label={t('chart.showKind')}
          value={kinds.includes(kind) ? kind : ''}
          onChange={(event) => {
            setKind(event.currentTarget.value)
            setShown(PAGE)
          }}
          data={[{ value: '', label: t('chart.allKinds') }, ...kinds.map((it) => ({ value: it, label: it }))]}
        />
      )}
      {happenings.length === 0 ? (
        <Nothing>{t('chart.noRecords')}</Nothing>
      ) : (
        <ol className={classes.days} aria-label={t('chart.timeline')}>
          {[...days].map(([day, of]) => (
            <li key={day}>
              <h3 className={classes.day}>{onDay(of[0]?.at ?? day, zone)}</h3>
              <ul className={classes.list}>
                {of.map((it) => (
                  <li key={it.key} className={classes.item}>
                    <span className={classes.time}>{atTime(it.at, zone)}</span>
                    <span className={classes.words}>
                      <span className={classes.what}>{it.what}</span>{' '}
                      {it.section ? (
                        <Link to="/c/$context/patients/$patient/$section" params={params(it.section)}>
                          {it.title}
                        </Link>
                      ) : (
                        <span>{it.title}</span>
                      )}
                      {it.by && <span className={classes.by}>{it.by}</span>}
                    </span>
                  </li>
                ))}
              </ul>
            </li>
          ))}
        </ol>
      )}
      {(fitting.length > shown || more.there) && (
        <div>
          <Button
            variant="default"
            loading={more.loading}
            onClick={async () => {
              if (fitting.length <= shown) await more.load()
              setShown(shown + PAGE)
            }}
          >
            {t('chart.showOlder')}
          </Button>
        </div>
      )}
    </Part>
  )
}

function LatestVitals() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const observations = useRecords('Observation', VITAL_SIGNS, NEWEST_VITALS)
  if (!observations) return null
  const rounds = roundsOf(observations)
  const latest = KINDS.flatMap((kind) => {
    const round = rounds.find((it) => it.of[kind])
    const observation = round?.of[kind]
    const numbers = observation ? numbersOf(kind, observation) : []
    return round && numbers.length > 0 ? [{ kind, numbers, at: round.at }] : []
  })
  const newest = latest
    .map((it) => it.at)
    .toSorted()
    .at(-1)
  if (!newest) return null
  // Told once for all that were measured together.
  const apart = (at: string) => Date.parse(newest) - Date.parse(at) > 10 * 60_000
  return (
    <section className={classes.lately} aria-label={t('chart.latestVitals')}>
      <p className={classes.since}>
        {t('chart.latestVitalsAt', { when: `${onDay(newest, zone)}, ${atTime(newest, zone)}` })}
      </p>
      <ul className={classes.latest}>
        {latest.map(({ kind, numbers, at }) => {
          const side = sideOf(kind, numbers)
          return (
            <li key={kind} className={side && classes.unusual}>
              <span className={classes.kind}>{t(`vitals.kind_${kind}`)}</span>
              <span className={classes.number}>
                {shownNumbers(kind, numbers)} <small>{shownUnit(kind, numbers[0])}</small>{' '}
                {side && <small className={classes.side}>{t(`vitals.${side}`)}</small>}
              </span>
              {apart(at) && <span className={classes.when}>{onDay(at, zone)}</span>}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** Of a type the newest, and once older ones were asked for those too. */
function useDeep<T extends Type>(type: T, criteria: Criteria | undefined, most: number): Of<T>[] | null {
  const { context, id } = useChart()
  const newest = useRecords(type, criteria, most)
  const { data } = useQuery({ ...chartQueries(context).records(type, id, criteria, DEEP), enabled: false })
  return data ?? newest
}

/** Whether there may be older ones than were asked for, and how they come. */
function useOlder(wanted: boolean) {
  const { context, id } = useChart()
  const client = useQueryClient()
  const [loading, setLoading] = useState(false)
  const deep = TIMELINE.map(([type, criteria]) => chartQueries(context).records(type, id, criteria, DEEP))
  const full = TIMELINE.some(([type, criteria, most]) => {
    const found = client.getQueryData(chartQueries(context).records(type, id, criteria, most).queryKey)
    return (found?.length ?? 0) >= most
  })
  const came = deep.some((it) => client.getQueryData(it.queryKey) !== undefined)
  return {
    there: wanted && full && !came,
    loading,
    async load() {
      setLoading(true)
      try {
        await Promise.all(deep.map((it) => client.ensureQueryData(it)))
      } finally {
        setLoading(false)
      }
    },
  }
}

/** How far back the line of time goes once one asks: so many of every type. */
const DEEP = 500

/** The newest of every type together, by when it was so and not by when it was written down. */
function useHappenings(): Happening[] {
  const { t } = useTranslation()
  const [vitals, notes, documents, reports, problems, requests, stated, shots, procedures, stays] = [
    useDeep(...TIMELINE[0]),
    useDeep(...TIMELINE[1]),
    useDeep(...TIMELINE[2]),
    useDeep(...TIMELINE[3]),
    useDeep(...TIMELINE[4]),
    useDeep(...TIMELINE[5]),
    useDeep(...TIMELINE[6]),
    useDeep(...TIMELINE[7]),
    useDeep(...TIMELINE[8]),
    useDeep(...TIMELINE[9]),
  ] as const
  const right = <R extends { status?: string }>(all: R[] | null): R[] =>
    (all ?? []).filter((it) => it.status !== 'entered-in-error')
  const found: (Omit<Happening, 'at'> & { at?: string })[] = [
    ...roundsOf(vitals ?? []).map((round) => ({
      key: `vitals/${round.at}`,
      at: round.at,
      what: t('chart.section_vitals'),
      title: KINDS.flatMap((kind) => {
        const one = round.of[kind]
        const numbers = one ? numbersOf(kind, one) : []
        return numbers.length > 0
          ? `${t(`vitals.kind_${kind}`)} ${shownNumbers(kind, numbers)} ${shownUnit(kind, numbers[0])}`
          : []
      })
        .concat(round.others.map((it) => `${conceptOf(it.code)} ${quantityOf(it.valueQuantity)}`.trim()))
        .join(', '),
      by: Object.values(round.of)[0]?.performer?.[0]?.display,
      section: 'vitals' as const,
    })),
    ...right(notes).map((it) => ({
      key: it.id,
      at: it.date,
      what: t('chart.type_note'),
      title: titleOf(it),
      by: it.author?.[0]?.display,
      section: 'notes' as const,
    })),
    ...right(documents).map((it) => ({
      key: it.id,
      at: it.date,
      what: t('chart.type_document'),
      title: titleOf(it),
      by: it.author?.[0]?.display,
      section: 'notes' as const,
    })),
    ...right(reports).map((it) => ({
      key: it.id,
      at: it.effectiveDateTime ?? it.issued,
      what: t('chart.type_result'),
      title: conceptOf(it.code),
      by: it.performer?.[0]?.display,
      section: 'results' as const,
    })),
    ...(problems ?? []).map((it) => ({
      key: it.id,
      at: it.onsetDateTime ?? it.recordedDate,
      what: t('chart.type_problem'),
      title: conceptOf(it.code),
      by: it.recorder?.display,
      section: 'problems' as const,
    })),
    ...right(requests).map((it) => ({
      key: it.id,
      at: it.authoredOn,
      what: t('chart.type_medication'),
      title: medicationOf(it),
      by: it.requester?.display,
      section: 'medications' as const,
    })),
    ...right(stated).map((it) => ({
      key: it.id,
      at: it.effectivePeriod?.start ?? it.effectiveDateTime ?? it.dateAsserted,
      what: t('chart.type_medication'),
      title: medicationOf(it),
      by: it.informationSource?.display,
      section: 'medications' as const,
    })),
    ...right(shots).map((it) => ({
      key: it.id,
      at: it.occurrenceDateTime,
      what: t('chart.type_immunization'),
      title: conceptOf(it.vaccineCode),
      section: 'immunizations' as const,
    })),
    ...right(procedures).map((it) => ({
      key: it.id,
      at: it.performedDateTime ?? it.performedPeriod?.start,
      what: t('chart.type_procedure'),
      title: conceptOf(it.code),
    })),
    ...right(stays).map((it) => ({
      key: it.id,
      at: it.period?.start,
      what: t('chart.type_stay'),
      title: [conceptOf(it.type?.[0]), conceptOf(it.reasonCode?.[0])].filter(Boolean).join(': '),
    })),
  ]
  return found
    .filter((it): it is Happening => it.at !== undefined)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
}

function group<Item>(items: Item[], of: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(of(item), [...(groups.get(of(item)) ?? []), item])
  return groups
}
