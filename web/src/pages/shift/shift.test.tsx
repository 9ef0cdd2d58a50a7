import 'fake-indexeddb/auto'
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { SHIFT } from '@/mocks/noteTemplates'
import { patientId } from '@/mocks/records'
import { makeHandover, makeIncident } from '@/mocks/shift'
import { CODE, signedIn, world } from '@/mocks/world'
import { drafts } from '@/session/drafts'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000009'

beforeEach(() => {
  drafts.clear()
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  const post = world.memberships[0]
  if (!post) return
  post.permissions = [...post.permissions, 'shift.work']
  post.facilities = post.facilities.slice(0, 1)
})

const permit = (...permissions: string[]) => world.memberships[0]?.permissions.push(...permissions)
const at = (path: string) => open(`/c/${CONTEXT}${path}`)
const card = (name: string) => screen.findByRole('article', { name })
const type = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } })
const bodies = () => world.shift.queue.residents.flatMap((it) => it.tasks)

test('the shift is the first page of who works it', async () => {
  world.memberships = world.memberships.slice(0, 1)
  world.open = []
  const app = open('/')
  await app.reads('Shift')
  expect(app.path()).toMatch(/\/shift$/)
  expect(screen.getByRole('link', { name: 'Shift' })).toHaveAttribute('aria-current', 'page')
})

test('who works none has no way to it', async () => {
  world.memberships[0]?.permissions.pop()
  const app = at('/patients')
  await app.reads('Patients')
  expect(screen.queryByRole('link', { name: 'Shift' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/shift', params: { context: CONTEXT } })
  await app.reads('There is no such page')
})

test('residents stand by wing and room, with what is due, overdue, new and not taken', async () => {
  const app = at('/shift')
  const walter = await card('Walter Ashdown')
  expect(walter).toHaveTextContent(/Room 12.*New: Fall risk.*No vital signs this shift · 2 more later/)
  expect(walter).toHaveTextContent(/Turn and reposition Overdue/)
  expect(await card('Inez Marchetti')).toHaveTextContent(/Away: Hospital.*Vital signs \d+:\d+ [AP]M/)
  expect(screen.getAllByRole('heading', { level: 2 }).map((it) => it.textContent)).toEqual([
    'North wing',
    'South wing',
  ])
  const census = screen.getByRole('region', { name: 'Who is here' })
  expect(census).toHaveTextContent(/Here2Away1Admitted today1Discharged today0Free rooms2 of 5/)
  await app.user.click(screen.getByText('With something due'))
  expect(screen.getAllByRole('article')).toHaveLength(1)
})

test('what a post does not see is said, and not shown as missing', async () => {
  world.shift.queue.hidden = ['vitals']
  const app = at('/shift')
  await app.sees('Your post does not see: vital signs.')
  const walter = await card('Walter Ashdown')
  expect(walter).not.toHaveTextContent('No vital signs')
  expect(within(walter).queryByRole('button', { name: /^Vital signs/ })).toBeNull()
})

test('nobody admitted is said so', async () => {
  world.shift.queue.residents = []
  await at('/shift').sees('Nobody is admitted here.')
})

test('a shift that cannot be looked up is said so', async () => {
  world.shift.down = true
  await at('/shift').sees(/Something went wrong/)
})

test('a task is done in one press and not done in two, with a reason', async () => {
  const app = at('/shift')
  await app.presses('Done: Turn and reposition, Walter Ashdown')
  const news = await app.sees('Done: Turn and reposition')
  await waitFor(() => expect(document.activeElement).toContainElement(news))
  await waitFor(() => expect(screen.queryByText('Overdue')).toBeNull())
  await app.presses('Not done: Vital signs, Walter Ashdown')
  await app.presses('Did not want it')
  await app.sees('Said not to be done: Vital signs')
  expect(bodies()).toEqual([])
})

test('a reason of one’s own is needed when none of the usual is chosen', async () => {
  const app = at('/shift')
  await app.presses('Not done: Turn and reposition, Walter Ashdown')
  await app.presses('Save')
  await app.sees(/Say why/)
  type(screen.getByLabelText(/in other words/), 'With the hairdresser')
  await app.presses('Save')
  await app.sees('Said not to be done: Turn and reposition')
})

test('who was slower is told, and sees what there is now', async () => {
  world.shift.beaten = 1
  const app = at('/shift')
  await app.presses('Done: Turn and reposition, Walter Ashdown')
  await app.sees(/Somebody has finished this already/)
})

test('vital signs are taken over the list, and the round that was due is done with them', async () => {
  const app = at('/shift')
  await app.presses('Vital signs of Walter Ashdown')
  const dialog = await screen.findByRole('dialog', { name: 'Vital signs of Walter Ashdown' })
  const pulse = await within(dialog).findByLabelText('Pulse')
  await waitFor(() => expect(within(dialog).getByLabelText('BP, systolic')).toHaveFocus())
  type(pulse, '72')
  await app.user.click(await within(dialog).findByRole('button', { name: 'Save vitals' }))
  await app.sees(/The vital signs are saved, and the task is done with it: Vital signs/)
  expect(app.path()).toMatch(/\/shift$/)
  expect(screen.queryByRole('dialog')).toBeNull()
  expect(JSON.parse(world.bundles[0] ?? '{}').entry[0].resource.subject.reference).toBe(
    `Patient/${patientId(1)}`,
  )
  expect(bodies().map((it) => it.kind)).toEqual(['turn'])
})

test('a note is begun from the list, and there is a way back to where one was', async () => {
  const app = at('/shift')
  await card('Walter Ashdown')
  await app.user.click(screen.getByText('With something due'))
  await app.presses('Note on Walter Ashdown')
  await app.user.click(await screen.findByRole('option', { name: /^Shift note/ }))
  await screen.findByRole('heading', { level: 2, name: 'Shift note' })
  expect(world.notes.drafts[0]).toMatchObject({ patient: patientId(1), template: { url: SHIFT } })
  await app.follows(/Back to the shift/)
  await waitFor(() => expect(screen.getByRole('link', { name: 'Walter Ashdown' })).toHaveFocus())
  expect(screen.getByRole('radio', { name: 'With something due' })).toBeChecked()
})

test('an incident is reported with what was told, and what follows stands in the list', async () => {
  const app = at('/shift')
  await app.presses('Report an incident of Walter Ashdown')
  const dialog = await screen.findByRole('dialog')
  expect(within(dialog).getByLabelText('Where')).toHaveValue('Room 12')
  await app.presses('Report')
  await app.sees('Say in a sentence what happened.')
  type(within(dialog).getByLabelText('What happened'), 'Slid from the chair')
  type(within(dialog).getByLabelText('Day'), '2099-01-01')
  await app.presses('Report')
  await app.sees(/not later than now/)
  type(within(dialog).getByLabelText('Day'), '2020-01-01')
  type(within(dialog).getByLabelText(/^Time/), '12:00')
  await app.user.click(within(dialog).getByLabelText('The family'))
  await app.presses('Report')
  await app.sees('Reported. 2 tasks follow from it.')
  await app.sees(/Neurological check/)
  expect(world.shift.incidents[0]).toMatchObject({ what: 'Slid from the chair', told: ['family'] })
  expect(world.shift.incidents[0]?.at).toBe('2020-01-01T17:00:00.000Z')
})

test('a shift is handed over: what happened stands there, is changed, and is signed with proof', async () => {
  const app = at('/shift')
  await app.follows('Hand over')
  await app.presses('Hand a shift over')
  const walter = await screen.findByRole('group', { name: 'Walter Ashdown' })
  expect(within(walter).getByLabelText('Vital signs of Walter Ashdown')).toHaveValue('systolic 172 mmHg')
  await app.presses('Add a line on Walter Ashdown')
  const line = within(walter).getByLabelText('To say of Walter Ashdown')
  await waitFor(() => expect(line).toHaveFocus())
  type(line, 'Slept badly')
  await app.presses('Add a line on Olive Kowalczyk')
  await app.presses('Sign and hand over')
  await app.types('Code', CODE)
  await app.sees('Handed over. It waits for whoever comes.')
  expect(world.shift.handovers[0]?.residents).toEqual([
    {
      patient: patientId(1),
      name: 'Walter Ashdown',
      lines: [
        { kind: 'vitals', text: 'systolic 172 mmHg' },
        { kind: 'said', text: 'Slept badly' },
      ],
    },
  ])
  await app.follows(/^Read the hand-over/)
  await app.sees(/You handed this over/)
  expect(screen.queryByRole('button', { name: 'Receive' })).toBeNull()
})

test('a hand-over of nothing is not signed', async () => {
  world.shift.draft.residents = world.shift.draft.residents.map((it) => ({ ...it, lines: [] }))
  const app = at('/handovers')
  await app.presses('Hand a shift over')
  await app.presses('Sign and hand over')
  await app.sees('Say something of at least one resident.')
})

test('what was handed over is unread until it is received, with proof, once', async () => {
  world.shift.handovers = [makeHandover()]
  const app = at('/shift')
  expect(await card('Walter Ashdown')).toHaveTextContent(/not received yet.*Incident: Fall beside the bed/)
  await app.sees(/One hand-over waits to be received/)
  await app.follows('Read and receive')
  await app.follows(/^Read the hand-over/)
  await app.sees('Wants the door open')
  await app.presses('Receive')
  await app.types('Code', CODE)
  await app.sees(/Received by Amara Osei/)
  expect(screen.queryByRole('button', { name: 'Receive' })).toBeNull()
})

test('an incident is closed with a review; what is open is done first, or said why not', async () => {
  world.shift.incidents = [makeIncident()]
  permit('incidents.review')
  const app = at('/incidents')
  const it = await screen.findByRole('article', { name: /Fall: Walter Ashdown/ })
  expect(it).toHaveTextContent(/Tell the family Overdue/)
  await app.presses('Close the incident')
  await app.sees('Say what was found and done.')
  type(screen.getByLabelText('Your review'), 'Bed lowered')
  await app.presses('Close the incident')
  await app.sees(/is still open. Say why/)
  await app.presses('Done: Tell the family, Walter Ashdown')
  await waitFor(() => expect(screen.queryByLabelText(/Something is still open/)).toBeNull())
  await app.presses('Close the incident')
  await app.sees('The incident is closed.')
  await app.sees('No incident is open.')
  expect(world.shift.incidents[0]?.review).toMatchObject({ note: 'Bed lowered', open_because: null })
})

test('who may not review an incident sees it and has no form', async () => {
  world.shift.incidents = [makeIncident()]
  at('/incidents')
  await screen.findByRole('article', { name: /Fall: Walter Ashdown/ })
  expect(screen.queryByLabelText('Your review')).toBeNull()
})

test('the shifts of a facility are two or three, in order, and saved with proof', async () => {
  permit('organization.manage', 'people.read')
  const app = at('/facilities')
  await app.presses('Shifts of Rosewood House')
  expect(await screen.findByLabelText('The evening shift begins')).toHaveValue('15:00')
  await app.user.selectOptions(screen.getByLabelText('Shifts a day'), 'Two: day and night')
  type(screen.getByLabelText('The night shift begins'), '06:00')
  await app.presses('Save the shifts')
  await app.sees('Give each a time, the earliest first.')
  type(screen.getByLabelText('The night shift begins'), '19:30')
  await app.presses('Save the shifts')
  await app.types('Code', CODE)
  await app.sees('The shifts are saved.')
  expect(world.shift.starts).toEqual({ starts: ['07:00', '19:30'], version: 2 })
})
