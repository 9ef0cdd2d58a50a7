import { screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { bytesOf, initialsOf, sourceOf } from './picture'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const WALTER = patientId(1)
const OLIVE = patientId(2)

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = (patient: string, section: string) => open(`/c/${CONTEXT}/patients/${patient}/${section}`)
const closed = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
const last = (type: string) => JSON.parse(world.records.filter((it) => it.type === type).at(-1)?.text ?? '{}')
const banner = () => screen.findByRole('region', { name: 'Patient' })

test('an immunization is added by its name, with its code', async () => {
  const app = at(OLIVE, 'immunizations')
  await app.presses('Add an immunization')
  await app.types('Vaccine', 'influenza')
  await app.sees('135')
  await app.user.keyboard('{ArrowDown}{Enter}')
  await app.presses('Add')
  await app.sees('influenza, high dose seasonal, preservative-free')
  await closed()
  expect(last('Immunization')).toMatchObject({
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '135' }] },
    status: 'completed',
  })
})

test('a new record is in sight before it is saved, and gone again when it is refused, with what was typed', async () => {
  const app = at(OLIVE, 'coverage')
  await app.presses('Add coverage')
  await app.types('Payer', 'Medicare')
  world.losesAnswers = 1
  await app.presses('Add')
  await app.sees(/may or may not have been saved/)
  expect(screen.queryByText('Saving…')).toBeNull()
  expect(screen.getByLabelText('Payer')).toHaveValue('Medicare')
  await app.presses('Try again')
  await closed()
  await app.sees('Medicare')
  expect(world.records.filter((it) => it.type === 'Coverage' && it.text.includes(OLIVE))).toHaveLength(1)
})

test('alerts and the code status stand in the banner', async () => {
  const app = at(OLIVE, 'alerts')
  await app.presses('Add an alert')
  await app.types('What everyone must know', 'Fluid restriction')
  await app.presses('Add')
  await closed()
  await waitFor(async () => expect(await banner()).toHaveTextContent('Fluid restriction'))
  await app.presses('Set the code status')
  await app.user.selectOptions(screen.getByLabelText('Code status', { selector: 'select' }), '304253006')
  await app.types('On whose word', 'Her daughter')
  await app.presses('Save')
  await closed()
  await waitFor(async () => expect(await banner()).toHaveTextContent('Do not resuscitate'))
})

test('a consent is recorded with its answer, and withdrawn', async () => {
  const app = at(OLIVE, 'consents')
  await app.presses('Add a consent')
  await app.user.selectOptions(screen.getByLabelText('What for'), 'photo')
  await app.user.selectOptions(screen.getByLabelText('Answer'), 'deny')
  await app.presses('Add')
  await closed()
  expect(last('Consent')).toMatchObject({ provision: { type: 'deny' }, scope: { text: 'Photographs' } })
  await app.presses('Withdraw Photographs')
  await app.user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Withdraw' }))
  await closed()
  expect(last('Consent')).toMatchObject({ status: 'inactive' })
})

test('details are changed where they were touched, and the rest stays', async () => {
  const app = at(WALTER, 'contacts')
  await app.presses('Change details')
  await app.user.clear(await screen.findByLabelText('Last name'))
  await app.types('Last name', 'Ashdown-Price')
  await app.types('Street', '4 Mill Lane')
  await app.presses('Save')
  await closed()
  await app.reads('Walter Ashdown-Price')
  const walter = JSON.parse(world.records.find((it) => it.id === WALTER)?.text ?? '')
  expect(walter).toMatchObject({
    birthDate: '1941-03-09',
    identifier: [{ value: 'RW-1001' }],
    address: [{ line: ['4 Mill Lane'] }],
  })
  await app.presses('Add a contact')
  await app.types('Name', 'Tom Price')
  await app.types('Phone', '12')
  await app.presses('Save')
  await app.sees('This does not look like a phone number.')
  await app.types('Phone', '3456')
  await app.presses('Save')
  await closed()
  await app.sees('Tom Price')
  await app.presses('Take Tom Price off')
  await app.presses('Take off')
  await closed()
  await waitFor(() => expect(screen.queryByText('Tom Price')).toBeNull())
})

test('who is linked is shown, linked and ended by who may alone; who looked by whom the log is for', async () => {
  world.memberships[0]?.permissions.pop()
  const app = at(WALTER, 'relationships')
  await app.sees('Ines Roy')
  expect(screen.queryByRole('button', { name: /End the link/ })).toBeNull()
  const nav = screen.getByRole('navigation', { name: 'Sections of the chart' })
  expect(within(nav).queryByRole('link', { name: 'Who looked' })).toBeNull()
})

test('a link is ended after proof', async () => {
  world.memberships[0]?.permissions.push('relationships.edit', 'people.read', 'audit.report')
  const app = at(WALTER, 'relationships')
  await app.presses('End the link of Ines Roy')
  await app.presses('End')
  await app.types('Code', CODE)
  await app.sees('Before')
  const nav = screen.getByRole('navigation', { name: 'Sections of the chart' })
  await app.user.click(within(nav).getByRole('link', { name: 'Who looked' }))
  await screen.findByRole('heading', { name: 'Who looked', level: 2 })
})

test('the line of time shows one kind when asked for it', async () => {
  const app = open(`/c/${CONTEXT}/patients/${WALTER}`)
  await app.sees('Shift note, day shift')
  await app.user.selectOptions(screen.getByLabelText('Show'), 'Problem')
  const line = screen.getByRole('list', { name: 'What happened lately' })
  expect(
    within(line)
      .getAllByRole('link')
      .map((it) => it.textContent),
  ).toEqual(['Essential hypertension'])
})

test('only a picture is shown as a face, else the initials', () => {
  expect(initialsOf('Walter J. Ashdown')).toBe('WA')
  expect(initialsOf('Zoë')).toBe('Z')
  expect(initialsOf('')).toBe('')
  expect(bytesOf('AAAA')).toBe(3)
  expect(sourceOf([{ contentType: 'image/png', data: 'AAAA' }])).toBe('data:image/png;base64,AAAA')
  expect(sourceOf([{ contentType: 'image/svg+xml', data: 'AAAA' }])).toBeUndefined()
  expect(sourceOf([{ contentType: 'image/png', data: '"><script>' }])).toBeUndefined()
})
