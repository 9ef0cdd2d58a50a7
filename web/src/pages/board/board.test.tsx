import { screen, waitFor, within } from '@testing-library/react'
import { makeTask } from '@/mocks/shift'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000009'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  const post = world.memberships[0]
  if (!post) return
  post.permissions = [...post.permissions, 'shift.work', 'chart.write']
  post.facilities = post.facilities.slice(0, 1)
})

const column = (name: string) => screen.findByRole('region', { name })
const board = () => open(`/c/${CONTEXT}/board`)

async function choose(app: ReturnType<typeof open>, card: string, goal: string) {
  await app.user.click(await screen.findByRole('button', { name: card }))
  await app.user.click(await screen.findByRole('menuitem', { name: goal }))
}

test('cards stand in the column of their status, with whom and where', async () => {
  const app = board()
  await app.reads('Task board')
  const todo = await column('To do')
  expect(todo).toHaveTextContent(/To do 2 cards.*Turn and reposition.*Walter Ashdown · Room 12.*Overdue/)
  expect(await column('Done')).toHaveTextContent('Nothing here')
})

test('a card moves by its menu, at once, and whoever begins it has it', async () => {
  const app = board()
  await choose(app, 'Move: Turn and reposition, Walter Ashdown', 'I am doing it')
  await waitFor(async () => expect(await column('Doing')).toHaveTextContent('Turn and reposition'))
  await app.sees('Turn and reposition is now in “Doing”.')
  await waitFor(async () => expect(await column('Doing')).toHaveTextContent(world.person.name))
})

test('what waits says for what, and what was not done says why', async () => {
  const app = board()
  await choose(app, 'Move: Turn and reposition, Walter Ashdown', 'It waits for something…')
  await app.user.click(await screen.findByRole('button', { name: 'Save' }))
  await app.sees('Say what it waits for: others see it on the card.')
  await app.user.type(screen.getByLabelText('It waits for'), 'The lift is broken')
  await app.user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(async () => expect(await column('Waiting')).toHaveTextContent('Waits: The lift is broken'))
  await choose(app, 'Move: Vital signs, Walter Ashdown', 'Not done…')
  await app.user.click(await screen.findByRole('button', { name: 'Was asleep' }))
  await waitFor(async () => expect(await column('Done')).toHaveTextContent('Not done: Was asleep'))
  expect(within(await column('Done')).queryByRole('button')).toBeNull()
})

test('who was slower is told so, and sees where the card is', async () => {
  world.shift.beaten = 1
  const app = board()
  await choose(app, 'Move: Turn and reposition, Walter Ashdown', 'I am doing it')
  await app.sees('Somebody else moved it first. The board shows where it is now.')
  await waitFor(async () => expect(await column('To do')).toHaveTextContent('Turn and reposition'))
})

test('a team sees its own cards', async () => {
  const [first] = world.shift.queue.residents
  first?.tasks.push(makeTask(first.patient, { text: 'Walk with a frame', team: 'therapy' }))
  const app = board()
  await app.reads('Task board')
  await column('To do')
  await app.user.selectOptions(screen.getByLabelText('Team'), 'Therapy')
  await waitFor(async () => expect(await column('To do')).toHaveTextContent('To do 1 card'))
  expect(await column('To do')).toHaveTextContent('Walk with a frame')
})

test('who may not write looks on, and who sees no tasks is told so', async () => {
  const post = world.memberships[0]
  if (post) post.permissions = post.permissions.filter((it) => it !== 'chart.write')
  await board().reads('Task board')
  expect(within(await column('To do')).queryByRole('button')).toBeNull()
})

test('tasks out of sight are said to be', async () => {
  world.shift.queue.hidden = ['tasks']
  await board().sees('Your post does not see tasks: they are not shown here.')
  expect(screen.queryByRole('region', { name: 'To do' })).toBeNull()
})
