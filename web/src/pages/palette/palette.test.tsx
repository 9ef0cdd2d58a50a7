import { screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000007'

// The first page of all is loaded, too.

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = (path: string) => open(`/c/${CONTEXT}${path}`)
const options = async () => {
  const list = await screen.findByRole('listbox', { name: 'Where to?' })
  return within(list)
    .queryAllByRole('option')
    .map((it) => it.textContent)
}

test('a few letters and Enter lead to a page, by keyboard alone', async () => {
  const app = at('/')
  await app.reads(/^Good to see you/)
  await app.user.keyboard('{Control>}k{/Control}')
  const field = await screen.findByRole('combobox', { name: /A page/ })
  await waitFor(() => expect(field).toHaveFocus())
  await app.user.keyboard('patie{Enter}')
  await app.reads('Patients')
  expect(screen.queryByRole('listbox')).toBeNull()
})

test('a patient is found by name from anywhere; what is chosen is told', async () => {
  const app = at('/')
  await app.presses(/^Search and go/)
  await app.user.type(await screen.findByRole('combobox', { name: /A page/ }), 'marchet')
  await waitFor(async () => expect((await options())[0]).toMatch(/^Ines MarchettiJul 1, 1950/))
  await app.user.keyboard('{ArrowDown}')
  const chosen = screen.getByRole('option', { selected: true, name: /Marchetti/ })
  expect(chosen).toHaveTextContent('Inez Marchetti')
  expect(screen.getByRole('combobox', { name: /A page/ })).toHaveAttribute('aria-activedescendant', chosen.id)
  await app.user.keyboard('{Enter}')
  await app.reads('Inez Marchetti')
})

test('in a chart its sections are among the pages', async () => {
  const app = at(`/patients/${patientId(1)}`)
  await app.reads('Walter Ashdown')
  await app.presses(/^Search and go/)
  await app.user.type(await screen.findByRole('combobox', { name: /A page/ }), 'chart alle{Enter}')
  await screen.findByRole('heading', { name: 'Allergies', level: 2 })
})

test('what one may not do is not offered, and nobody is looked for who may not be', async () => {
  world.memberships[0]?.permissions.splice(0)
  const app = at('/')
  await app.presses(/^Search and go/)
  expect(await options()).toEqual(['Lock this screen', 'Your post', 'Account and security', 'All your posts'])
  await app.user.type(screen.getByRole('combobox', { name: /A page/ }), 'walter')
  await app.sees('Nothing fits.')
  expect(world.searched).toEqual([])
})

test('an open dialog keeps the keyboard', async () => {
  const app = at(`/patients/${patientId(1)}/problems`)
  await app.presses('Add a problem')
  await screen.findByRole('dialog', { name: 'Add a problem' })
  await app.user.keyboard('{Control>}k{/Control}')
  expect(screen.queryByRole('combobox', { name: /A page/ })).toBeNull()
})
