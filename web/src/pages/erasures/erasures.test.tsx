import { screen, waitFor, within } from '@testing-library/react'
import { http } from '@/api/http'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000007'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  http.legal.clear()
})

function at(path: string, ...permissions: string[]) {
  world.memberships[0]?.permissions.push('records.keep', ...permissions)
  return open(`/c/${CONTEXT}${path}`)
}

const chart = () => `/patients/${world.kept.patient}/keeping`
const section = (name: string) => screen.findByRole('region', { name })

test('whoever keeps no records sees no such section', async () => {
  const app = open(`/c/${CONTEXT}${chart()}`)
  await app.reads('There is no such page')
})

test('a record is restricted first; then it says so, opens for a legal reason alone, and is opened again', async () => {
  const app = at(chart(), 'records.restricted')
  await screen.findByRole('heading', { name: 'Keeping', level: 2 })
  await app.presses('Restrict the record…')
  await app.sees(/nobody reads or writes it: not the staff/)
  await app.presses('Restrict')
  await app.reads('This record is restricted')
  expect(world.kept.restriction?.ground).toBe('accuracy')
  await app.presses('Look at it for a legal reason')
  await app.sees(/You look at it for a legal reason; nothing can be changed/)
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Restrict the record…' })).toBeNull())
  await app.presses('Lift the restriction…')
  await app.presses('Lift it')
  await waitFor(() => expect(world.kept.restriction).toBeNull())
  await section('Restrict the record')
  await waitFor(() => expect(screen.queryByText(/nothing can be changed/)).toBeNull())
})

test('a hold stands in the way of erasing, and is released', async () => {
  const app = at(chart(), 'records.erase')
  await app.presses('Place a hold…')
  await app.presses('Place the hold')
  await app.sees('Say which matter, in 500 characters at most.')
  await app.user.type(screen.getByLabelText('Which matter'), 'Doe v. Sunrise')
  await app.presses('Place the hold')
  await app.sees('It cannot be erased now:')
  expect(screen.queryByRole('button', { name: 'Ask for it to be erased…' })).toBeNull()
  await app.presses('Release…')
  await app.presses('Release it')
  await screen.findByRole('button', { name: 'Ask for it to be erased…' })
})

test('erasing takes the name typed, a proof, and somebody else', async () => {
  const app = at(chart(), 'records.erase', 'records.approve')
  await app.presses('Ask for it to be erased…')
  const dialog = await screen.findByRole('dialog')
  await app.sees(/Nobody can bring it back/)
  await app.sees(/7 days later/)
  await app.presses('Ask for erasure')
  const box = within(dialog).getByRole('textbox')
  await waitFor(() => expect(box).toBeInvalid())
  expect(world.kept.erasures).toEqual([])
  const name = /“(.*)”/.exec(within(dialog).getByText(/to go on/).textContent ?? '')?.[1] ?? ''
  await app.user.type(box, name.toUpperCase())
  await app.presses('Ask for erasure')
  await app.types('Code', CODE)
  await app.sees('You asked for this. Somebody else decides.')
  expect(screen.queryByRole('button', { name: 'Approve…' })).toBeNull()
  await app.presses('Take it back…')
  await app.presses('Take it back')
  await app.sees('Taken back')
})

test('who approves types it too, and the chart closes', async () => {
  world.kept.erasures = [
    {
      erasure: '0195f2a0-0000-7000-8000-00000000aa01',
      patient: world.kept.patient,
      facility: 'rose',
      ground: 'order',
      state: 'asked',
      asked_by: 'Jonas Wetherby',
      asked_at: '2026-11-21T09:00:00Z',
      own: false,
      decided_by: null,
      decided_at: null,
      due_at: null,
      ended_at: null,
    },
  ]
  const app = at(chart(), 'records.erase', 'records.approve')
  await app.presses('Approve…')
  const dialog = await screen.findByRole('dialog')
  const name = /“(.*)”/.exec(within(dialog).getByText(/to go on/).textContent ?? '')?.[1] ?? ''
  await app.user.type(within(dialog).getByRole('textbox'), name)
  await app.presses('Approve, erase for ever')
  await app.types('Code', CODE)
  await app.reads('This record is restricted')
  expect(world.kept.erasures[0]?.state).toBe('approved')
  await app.sees(/Its erasure is approved/)
})

test('what was erased is said to be', async () => {
  world.kept.erased_at = '2026-11-22T09:00:00Z'
  const app = at(chart())
  await app.reads('This record was erased')
  await app.sees(/nobody can bring it back/)
})

test('all records that are decided about are in one list', async () => {
  world.kept.holds = []
  world.kept.restriction = {
    restriction: '0195f2a0-0000-7000-8000-00000000aa02',
    patient: world.kept.patient,
    facility: 'rose',
    ground: 'request',
    by: 'Amara Osei',
    since: '2026-11-21T09:00:00Z',
  }
  const app = at('/oversight/records')
  await app.reads('Restriction and erasure')
  await app.sees('Nobody asked for a record to be erased.')
  const restricted = await section('Restricted records')
  expect(restricted).toHaveTextContent('Ines Marchetti')
  expect(within(restricted).getByRole('link', { name: 'Open Ines Marchetti' })).toHaveAttribute(
    'href',
    `/c/${CONTEXT}${chart()}`,
  )
})
