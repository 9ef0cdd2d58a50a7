import { screen, within } from '@testing-library/react'
import { notices } from '@/api/notices'
import type { Access } from '@/api/types'
import { PATIENT } from '@/mocks/log'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { deedsOf } from './days'

beforeEach(() => {
  world.session = signedIn()
  notices.forget()
})

/** The person's third post is a patient's. */
function asPatient(permissions = ['chart.read', 'audit.own']) {
  world.memberships = world.memberships.map((it) =>
    it.organization.slug === 'harbor' ? { ...it, role: 'Patient', permissions } : it,
  )
  return open('/open/harbor/1')
}

test('a patient reads who looked at their record, day by day where they live', async () => {
  const app = asPatient()
  await app.follows('Who looked')
  await app.reads('Who looked at my record')
  // 3:30 in UTC is still the evening before in New York.
  expect(await screen.findAllByRole('heading', { level: 2 })).toHaveLength(1)
  const day = screen.getByRole('region', { name: 'Saturday, November 21, 2026' })
  const lines = within(day).getAllByRole('listitem')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toHaveTextContent('Attorney')
  expect(lines[1]).toHaveTextContent('Amara Osei, Head nurse')
  expect(lines[1]).toHaveTextContent('Tried, refused')
  await app.presses('Show older')
  await app.sees('Emergency access')
  await app.sees('That is all in this period.')
  expect(app.path()).not.toContain(PATIENT)
})

test('why it was allowed is told: what was so then, and what is so today', async () => {
  const app = asPatient()
  await app.follows('Who looked')
  await app.presses(/^Why was this allowed\? Attorney/)
  const panel = await screen.findByRole('dialog', { name: 'Why this was allowed' })
  await within(panel).findByText(/The post had this permission: Read a record/)
  expect(panel).toHaveTextContent(/On the care team, from Oct 31, 2026.* to Nov 21, 2026/)
  expect(panel).toHaveTextContent('Ines Roy, Nurse Ended')
  expect(panel).toHaveTextContent('Dara Lund, Nurse In force')
  await app.user.keyboard('{Escape}')
  expect(screen.queryByRole('dialog')).toBeNull()
})

test('an empty period says so, and another one is asked for', async () => {
  world.accesses = []
  const app = asPatient()
  await app.follows('Who looked')
  await app.sees('Nobody did anything with this record in this period.')
  const before = world.asked.length
  await app.user.selectOptions(screen.getByLabelText('Period'), 'Last year')
  await app.sees('Nobody did anything with this record in this period.')
  expect(world.asked.slice(before)).toContain(`GET /api/patients/${PATIENT}/accesses`)
})

test('a family member has no such page', async () => {
  const app = asPatient(['chart.read'])
  await app.reads(/^Good to see you/)
  expect(screen.queryByRole('link', { name: 'Who looked' })).toBeNull()
  await app.router.navigate({
    to: '/c/$context/record-accesses',
    params: { context: world.open[0]?.context ?? '' },
  })
  await app.reads('There is no such page')
})

test('who may read the log looks for the patient by name, who stays out of the address', async () => {
  const app = open('/open/sunrise/3')
  await app.follows('Who looked')
  await app.reads('Who looked at a record')
  await app.types('Whose record', 'ashdown')
  await app.presses('Show who looked: Walter Ashdown')
  await screen.findByRole('region', { name: 'Saturday, November 21, 2026' })
  expect(screen.getByRole('link', { name: 'Walter Ashdown' })).toBeInTheDocument()
  expect(app.router.state.location.href).not.toContain(patientId(1))
  await app.presses('Another patient')
  expect(await screen.findByLabelText('Whose record')).toHaveValue('')
})

test('who may read the log and no chart pastes the patient’s id, which stays out of the address', async () => {
  world.memberships[0]?.permissions.splice(0, 99, 'audit.report')
  const app = open('/open/sunrise/3')
  await app.follows('Who looked')
  await app.reads('Who looked at a record')
  await app.types('The patient’s id', 'Alder')
  await app.presses('Show')
  await app.sees('That is not an id of a patient.')
  await app.user.clear(screen.getByLabelText('The patient’s id'))
  await app.types('The patient’s id', ` ${PATIENT} `)
  await app.presses('Show')
  await screen.findByRole('region', { name: 'Saturday, November 21, 2026' })
  expect(app.router.state.location.href).not.toContain(PATIENT)
  expect(screen.queryByText('That is not an id of a patient.')).toBeNull()
})

test('what was done in one minute and one way is one line, with every kind of record', () => {
  const line = {
    event: 'a',
    at: '2026-11-22T08:00:01Z',
    what: 'searched',
    record: 'Observation',
    outcome: 'done',
    purpose: 'TREAT',
    facility: 'Maple Court',
    address: null,
    who: { kind: 'person', name: 'Amara Osei', role: 'Head nurse', own: false },
  } as unknown as Access
  const lines: Access[] = [
    line,
    { ...line, event: 'b', at: '2026-11-22T08:00:02Z', record: 'Flag' },
    { ...line, event: 'c', outcome: 'refused', record: 'Flag' },
    { ...line, event: 'd', at: '2026-11-22T08:01:00Z' },
    { ...line, event: 'e', who: { ...line.who, name: 'Ines Roy' } },
  ]
  expect(deedsOf(lines).map((it) => [it.line.event, it.records])).toEqual([
    ['a', ['Observation', 'Flag']],
    ['c', ['Flag']],
    ['d', ['Observation']],
    ['e', ['Observation']],
  ])
})

test('what the law wants said is said wherever the server says it', async () => {
  world.notice = '42 CFR part 2 prohibits unauthorized use or disclosure of these records.'
  const app = asPatient()
  await app.reads(/^Good to see you/)
  expect(screen.queryByText(/42 CFR/)).toBeNull()
  await app.follows('Who looked')
  await app.sees(/42 CFR part 2 prohibits/)
})
