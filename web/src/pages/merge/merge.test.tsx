import { screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { differs, guess } from './choices'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const INES = patientId(3)
const INEZ = patientId(4)

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  world.memberships[0]?.permissions.push('patients.merge')
})

const one = (more: object) => ({ resourceType: 'Patient' as const, id: '1', ...more })

test('what one chart does not say, the other says', () => {
  const [full, bare] = [one({ gender: 'female', birthDate: '1950-07-01' }), one({ birthDate: '1950-07-01' })]
  expect(guess(bare, full)).toEqual(['gender'])
  expect(guess(full, bare)).toEqual([])
  expect(differs(full, bare, 'birthDate')).toBe(false)
})

test('two charts of one person are compared, made one after proof, and two again', async () => {
  const app = open(`/c/${CONTEXT}/patients/${INEZ}/contacts`)
  await app.follows('The same person as…')
  await app.reads('Is this the same person?')
  await app.types('Find the other chart', 'march')
  await app.presses('This one: Ines Marchetti')
  const table = await screen.findByRole('table')
  expect(within(table).getByRole('radio', { name: 'Name: Ines Marchetti' })).toBeChecked()
  await app.user.click(within(table).getByRole('radio', { name: 'Name: Inez Marchetti' }))
  await app.presses('Make it one chart')
  await app.sees('Please compare both first.')
  await app.user.click(screen.getByRole('checkbox', { name: /one person/ }))
  await app.presses('Make it one chart')
  await app.types('Code', CODE)
  await app.sees('It is one chart now')
  await app.sees('3 records went over.')
  await app.sees(/link of family, attorneys/)
  expect(world.records.find((it) => it.id === INES)?.text).toContain('Inez')
  await app.presses('Undo')
  await app.types('Code', CODE)
  await app.sees('It is two charts again')
  await app.sees('Changed since, and went back with the changes: 1.')
  expect(world.merges[0]?.undone_at).not.toBeNull()
})

test('two who are both admitted are told so, with the way to end a stay, before anything is asked', async () => {
  const stay = world.records.find((it) => it.type === 'Encounter')
  if (!stay) throw new Error('no such record')
  const staying = (patient: string) => {
    const id = crypto.randomUUID()
    const subject = { reference: `Patient/${patient}` }
    return { ...stay, id, text: JSON.stringify({ ...JSON.parse(stay.text), id, subject }) }
  }
  world.records.push(staying(INES), staying(INEZ))
  const app = open(`/c/${CONTEXT}/same/${INEZ}?as=${INES}`)
  await app.sees(/Both charts have a stay under way/)
  expect(screen.getByRole('button', { name: 'Make it one chart' })).toBeDisabled()
  await app.follows('Stay of Inez Marchetti')
  await app.reads('Inez Marchetti')
  await app.sees('Here now')
})

test('whose chart goes on in another says so, and is in no list', async () => {
  const inez = world.records.find((it) => it.id === INEZ)
  if (!inez) throw new Error('no such record')
  const link = [{ other: { reference: `Patient/${INES}` }, type: 'replaced-by' }]
  inez.text = JSON.stringify({ ...JSON.parse(inez.text), active: false, link })
  const app = open(`/c/${CONTEXT}/patients/${INEZ}/contacts`)
  await app.sees('This chart goes on in another.')
  expect(screen.queryByRole('button', { name: 'Change details' })).toBeNull()
  await app.follows('Open it')
  await app.reads('Ines Marchetti')
  await app.router.navigate({ to: '/c/$context/patients', params: { context: CONTEXT } })
  await app.reads('Patients')
  const list = await screen.findByRole('list', { name: 'Patients' })
  await waitFor(() => expect(within(list).queryByRole('link', { name: 'Inez Marchetti' })).toBeNull())
})

test('who may not merge has no way to it', async () => {
  world.memberships[0]?.permissions.pop()
  const app = open(`/c/${CONTEXT}/patients/${INEZ}/contacts`)
  await app.reads('Inez Marchetti')
  expect(screen.queryByRole('link', { name: 'The same person as…' })).toBeNull()
  await app.router.navigate({
    to: '/c/$context/same/$patient',
    params: { context: CONTEXT, patient: INEZ },
    search: {},
  })
  await app.reads('There is no such page')
  expect(world.asked.join()).not.toContain('/merge')
})
