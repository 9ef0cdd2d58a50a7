import { http } from 'msw'
import type { Board, Card, Place } from '@/api/board'
import type { CareTask } from '@/api/shift'
import { answering, json, refuse } from './contract'
import { beaten, said, works } from './shift'
import { world } from './world'

const STATUS: Record<Place, string> = { 'to-do': 'requested', doing: 'in-progress', waiting: 'on-hold' }

const cards = (): Card[] => {
  const { residents } = world.shift.queue
  const card = (task: CareTask): Card => {
    const of = residents.find((it) => it.patient === task.patient)
    return { ...task, name: of?.name ?? '', room: of?.room ?? null }
  }
  return [...residents.flatMap((it) => it.tasks), ...world.shift.over].map(card)
}

/** The board of the same facility as the shift. */
export const boardHandlers = [
  http.get(
    '*/api/facilities/:facility/board',
    answering(({ request }) => {
      const echo = works(request)
      const team = new URL(request.url).searchParams.get('team')
      const { facility, time_zone, at } = world.shift.queue
      const hidden = world.shift.queue.hidden.includes('tasks')
      const tasks = hidden ? [] : cards().filter((it) => !team || it.team === team)
      const board: Board = { facility, time_zone, at, tasks, hidden }
      return json(board, 200, echo)
    }),
  ),
  http.post(
    '*/api/tasks/:task/move',
    answering(async ({ request, params }) => {
      const echo = works(request, 'chart.write')
      const { to, why } = await said<{ to: Place; why: string | null }>(request, ['to', 'why'])
      if ((to === 'waiting') !== (why !== null)) refuse(400, 'invalid')
      beaten('task-finished')
      const all = world.shift.queue.residents.flatMap((it) => it.tasks)
      const task = all.find((it) => it.task === params.task) ?? refuse(404, 'not-found')
      if (request.headers.get('If-Match') !== task.version) refuse(412, '')
      const owner = to === 'to-do' ? null : world.person.name
      Object.assign(task, { status: STATUS[to], reason: why, owner, version: `${task.version}+` })
      return json(task, 200, echo)
    }),
  ),
]
