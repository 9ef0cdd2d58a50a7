import { screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const WALTER = patientId(1)
const OLIVE = patientId(2)

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = (patient: string) => open(`/c/${CONTEXT}/patients/${patient}/stays`)
const banner = () => screen.findByRole('region', { name: 'Patient' })
const closed = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())

test('somebody who has a chart is admitted with what is known, and nothing is typed twice', async () => {
  const app = at(OLIVE)
  await app.sees('Not admitted')
  await app.presses('Admit')
  const dialog = await screen.findByRole('dialog', { name: 'Admit Olive Kowalczyk' })
  expect(within(dialog).getByText('Ada Kowalczyk +1-555-010-0021')).toBeVisible()
  await app.types('Room', 'Room 3')
  await app.user.click(within(dialog).getByRole('button', { name: 'Admit' }))
  await closed()
  expect(await banner()).toHaveTextContent('Room 3')
  expect(screen.queryByRole('button', { name: 'Admit' })).toBeNull()
})

test('a resident changes the room, is away, comes back and is discharged, with what is open said before', async () => {
  const app = at(WALTER)
  await app.presses('Change room')
  await app.presses('Move')
  await app.sees('Which room?')
  await app.types('New room', 'Room 14')
  await app.presses('Move')
  await closed()
  expect(await banner()).toHaveTextContent('Room 14')
  await app.presses('Goes away')
  await app.types('Which place', 'County Hospital')
  await app.presses('Save')
  await closed()
  expect(await banner()).toHaveTextContent('Away: County Hospital')
  await app.presses('Is back')
  const dialog = await screen.findByRole('dialog')
  expect(within(dialog).getByLabelText('Room', { selector: 'input' })).toHaveValue('Room 14')
  await app.user.click(within(dialog).getByRole('button', { name: 'Is back' }))
  await closed()
  expect(await banner()).not.toHaveTextContent('Away')
  await app.presses('Discharge')
  await app.sees('2 medications are still being taken.')
  await app.user.selectOptions(screen.getByLabelText('Where do they go?'), 'home')
  const end = await screen.findByRole('dialog')
  await app.user.click(within(end).getByRole('button', { name: 'Discharge' }))
  await closed()
  await app.sees('Not admitted')
  await app.presses('Admit again')
})

test('somebody else was faster: it is said, and what was typed stays', async () => {
  const app = at(WALTER)
  await app.presses('Change room')
  await app.types('New room', 'Room 20')
  const stay = world.records.find((it) => it.type === 'Encounter')
  if (!stay) throw new Error('no such record')
  stay.version++
  await app.presses('Move')
  await app.sees(/changed meanwhile/)
  expect(screen.getByLabelText('New room', { selector: 'input' })).toHaveValue('Room 20')
  await app.presses('Try again')
  await closed()
  expect(await banner()).toHaveTextContent('Room 20')
})

test('who may not write sees where they are and no button', async () => {
  const post = world.memberships[0]
  if (!post) throw new Error('no post')
  post.permissions = post.permissions.filter((it) => it !== 'chart.write')
  at(WALTER)
  expect(await screen.findAllByText('Room 12')).not.toHaveLength(0)
  expect(within(screen.getByRole('main')).queryByRole('button', { name: /room|away|discharge/i })).toBeNull()
})

test('the list shows who is here now, and who is not', async () => {
  const app = open(`/c/${CONTEXT}/patients`)
  await app.reads('Patients')
  const listed = () =>
    within(screen.getByRole('list', { name: 'Patients' }))
      .getAllByRole('link')
      .map((it) => it.textContent)
  await waitFor(() => expect(listed()).toHaveLength(4))
  await app.user.click(await screen.findByRole('radio', { name: 'Here now' }))
  await waitFor(() => expect(listed()).toEqual(['Walter Ashdown']))
  await app.user.click(screen.getByRole('radio', { name: 'Not admitted' }))
  await waitFor(() => expect(listed()).toHaveLength(3))
})
