import type { Figures, Measure } from '@/api/oversight'
import type { Series } from './Plot'

/** What is drawn together, and what stands in the table below it. */
export const PLOTS = [
  { key: 'census', bars: ['residents'], table: ['residents', 'admitted', 'discharged'] },
  {
    key: 'incidents',
    bars: ['incidents-fall', 'incidents-wound', 'incidents-behaviour', 'incidents-other'],
    table: ['incidents-fall', 'incidents-wound', 'incidents-behaviour', 'incidents-other'],
  },
  {
    key: 'notes',
    bars: ['notes-in-time', 'notes-late'],
    table: ['notes-begun', 'notes-in-time', 'notes-late'],
  },
  {
    key: 'doses',
    bars: ['doses-given', 'doses-not-given'],
    table: ['doses-given', 'doses-not-given', 'doses-late'],
  },
  {
    key: 'exceptions',
    bars: ['emergencies', 'exports', 'refusals'],
    table: ['emergencies', 'exports', 'refusals'],
  },
] as const satisfies readonly { key: string; bars: readonly Measure[]; table: readonly Measure[] }[]

/** A sum of which parts are not told: at least so many. */
export interface Sum {
  count: number
  /** Whether something in it is not told. */
  more: boolean
}

const nothing: Sum = { count: 0, more: false }
const add = (sum: Sum, value: number | null | undefined): Sum =>
  typeof value === 'number' ? { ...sum, count: sum.count + value } : { ...sum, more: true }

/** What is counted anew at each moment is not summed over time: how many stood at the end is told. */
const stands = (measure: Measure) => measure === 'residents'

type Spans = Figures['facilities'][number]['spans']

const at = (figures: Figures, measure: Measure) => figures.measures.indexOf(measure)

/** The spans of every facility and, for what is of none, of the organization. */
const all = (figures: Figures, measure: Measure): Spans[] => {
  const sites = figures.facilities.map((it) => it.spans)
  const elsewhere = measure === 'exports' || measure === 'refusals'
  return elsewhere && figures.elsewhere.length > 0 ? [...sites, figures.elsewhere] : sites
}

/** A measure in one span, over all facilities. */
export function spanSum(figures: Figures, measure: Measure, span: number): Sum {
  const index = at(figures, measure)
  return all(figures, measure).reduce((sum, spans) => add(sum, spans[span]?.values[index]), nothing)
}

/** A measure over time; how many stood at the end, of what stands. */
export function overTime(spans: Spans, figures: Figures, measure: Measure): Sum {
  const index = at(figures, measure)
  const counted = stands(measure) ? spans.slice(-1) : spans
  return counted.reduce((sum, span) => add(sum, span.values[index]), nothing)
}

/** A measure over everything. */
export function total(figures: Figures, measure: Measure): Sum {
  return all(figures, measure).reduce((sum, spans) => {
    const one = overTime(spans, figures, measure)
    return { count: sum.count + one.count, more: sum.more || one.more }
  }, nothing)
}

const day = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** A day of the calendar as people say it. */
export const dayWords = (text: string) => day.format(new Date(`${text}T00:00:00Z`))

/** The span that a point of a plot is of. */
export const spanWords = ({ from, to }: { from: string; to: string }) =>
  from === to ? dayWords(from) : `${dayWords(from)} – ${dayWords(to)}`

/** The spans, which are the same of every facility. */
export const spansOf = (figures: Figures) => figures.facilities[0]?.spans ?? figures.elsewhere

export function seriesOf(
  figures: Figures,
  measures: readonly Measure[],
  name: (measure: Measure) => string,
): { labels: string[]; series: Series[] } {
  const spans = spansOf(figures)
  return {
    labels: spans.map((it) => dayWords(it.from)),
    series: measures
      .filter((it) => !figures.hidden.includes(it))
      .map((it) => ({
        key: it,
        name: name(it),
        values: spans.map((_, i) => spanSum(figures, it, i).count),
      })),
  }
}

/** A moment's day in a time zone, such as 2026-03-01. */
export const dayIn = (timeZone: string, moment: number) =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    moment,
  )
