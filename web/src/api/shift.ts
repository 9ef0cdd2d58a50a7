import { queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Queue = Schemas['ShiftQueue']
export type Resident = Schemas['ShiftResident']
export type CareTask = Schemas['CareTask']
export type Handover = Schemas['Handover']
export type HandoverWords = Schemas['HandoverWords']
export type HandoverDraft = Schemas['HandoverDraft']
export type HandoverLine = Schemas['HandoverLine']
export type HandoverEntry = Schemas['HandoverEntry']
export type Incident = Schemas['Incident']
export type IncidentNew = Schemas['IncidentNew']
export type Starts = Schemas['ShiftStarts']

const at = (facility: string, what: string) => `/api/facilities/${encodeURIComponent(facility)}/${what}`
const handover = (id: string) => `/api/handovers/${encodeURIComponent(id)}`

/** The shift in one context. */
export const shiftIn = (context: string) => ({
  finish: (task: CareTask, done: boolean, note?: string) =>
    http.post<CareTask>(
      `/api/tasks/${encodeURIComponent(task.task)}/finish`,
      { done, note: note ?? null },
      { context, version: task.version },
    ),
  handOver: (facility: string, from: string, residents: HandoverEntry[]) =>
    http.post<{ handover: string }>(at(facility, 'handovers'), { from, residents }, { context }),
  receive: (id: string) => http.post(`${handover(id)}/receive`, {}, { context }),
  report: (patient: string, incident: IncidentNew) =>
    http.post<{ incident: string; tasks: number }>(
      `/api/patients/${encodeURIComponent(patient)}/incidents`,
      incident,
      { context },
    ),
  review: (incident: string, note: string, openBecause?: string) =>
    http.post(
      `/api/incidents/${encodeURIComponent(incident)}/review`,
      { note, open_because: openBecause ?? null },
      { context },
    ),
  begin: (facility: string, version: number, starts: string[]) =>
    http.put<Starts>(at(facility, 'shifts'), { starts }, { context, version }),
})

/** How long after the end of a shift it is asked for the next, in milliseconds. */
const TURN = 60_000

/** Each look at many records is in the log as one: coming back to the tab is none. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false, gcTime: 60_000, staleTime: 10_000 }

export function shiftQueries(context: string) {
  const key = (...rest: string[]) => ['context', context, 'shift', ...rest]
  return {
    all: key(),
    queue: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('queue', facility),
        queryFn: ({ signal }) => http.get<Queue>(at(facility, 'shift'), { context, signal }),
        // Once it is over, the next is shown.
        refetchInterval: ({ state: { data } }) =>
          data ? Math.max(Date.parse(data.shift.until) - http.now(), TURN) : false,
      }),
    handovers: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('handovers', facility),
        queryFn: ({ signal }) =>
          http
            .get<{ handovers: Handover[] }>(at(facility, 'handovers'), { context, signal })
            .then((it) => it.handovers),
      }),
    handover: (id: string) =>
      queryOptions({
        ...looks,
        queryKey: key('handover', id),
        queryFn: ({ signal }) => http.get<HandoverWords>(handover(id), { context, signal }),
      }),
    /** What whoever writes begins with; they keep their own from there. */
    draft: (facility: string, which: 'current' | 'previous') =>
      queryOptions({
        ...looks,
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 0,
        queryKey: key('draft', facility, which),
        queryFn: ({ signal }) =>
          http.get<HandoverDraft>(`${at(facility, 'handover-draft')}?shift=${which}`, { context, signal }),
      }),
    /** When the shifts of a facility begin. */
    starts: (facility: string) =>
      queryOptions({
        ...looks,
        gcTime: 0,
        queryKey: key('starts', facility),
        queryFn: ({ signal }) => http.get<Starts>(at(facility, 'shifts'), { context, signal }),
      }),
    incidents: (facility: string) =>
      queryOptions({
        ...looks,
        queryKey: key('incidents', facility),
        queryFn: ({ signal }) =>
          http
            .get<{ incidents: Incident[] }>(at(facility, 'incidents'), { context, signal })
            .then((it) => it.incidents),
      }),
  }
}
