import { queryOptions } from '@tanstack/react-query'
import { http } from './http'
import type { components } from './schema.gen'
import type { CareTask } from './shift'

type Schemas = components['schemas']

export type Board = Schemas['CareBoard']
export type Card = Schemas['CareBoardTask']
export type Place = Schemas['CareTaskPlace']
export type Team = (typeof TEAMS)[number]

export const TEAMS = ['nursing', 'care', 'medicine', 'therapy', 'social-work', 'office'] as const

/** The columns, in order. What was not done stands with what was. */
export const COLUMNS = ['to-do', 'doing', 'waiting', 'done'] as const
export type Column = (typeof COLUMNS)[number]

const STATUS: Record<Column, string> = {
  'to-do': 'requested',
  doing: 'in-progress',
  waiting: 'on-hold',
  done: 'completed',
}

export function columnOf({ status }: { status: string }): Column {
  if (status === 'completed' || status === 'cancelled') return 'done'
  return COLUMNS.find((column) => STATUS[column] === status) ?? 'to-do'
}

/** The card as it will be once the server has it there. */
export const put = <C extends CareTask>(card: C, column: Column): C => ({ ...card, status: STATUS[column] })

export const moveTask = (context: string, task: CareTask, to: Place, why?: string) =>
  http.post<CareTask>(
    `/api/tasks/${encodeURIComponent(task.task)}/move`,
    { to, why: why ?? null },
    { context, version: task.version },
  )

/** Each look at many records is in the log as one: coming back to the tab is none. */
export const boardQuery = (context: string, facility: string, team: Team | 'all') =>
  queryOptions({
    queryKey: ['context', context, 'shift', 'board', facility, team],
    queryFn: ({ signal }) =>
      http.get<Board>(
        `/api/facilities/${encodeURIComponent(facility)}/board${team === 'all' ? '' : `?team=${team}`}`,
        { context, signal },
      ),
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    gcTime: 60_000,
    staleTime: 10_000,
  })
