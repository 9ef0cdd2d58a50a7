import { screen, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000002'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  world.memberships[0]?.permissions.push('people.read', 'roles.edit')
})

const at = (path: string) => open(`/c/${CONTEXT}${path}`)
const role = (key: string) => world.roles.find((it) => it.role_key === key)

test('a role that people have is changed after it is told what they lose', async () => {
  const app = at('/roles')
  await app.follows('Nurse')
  await app.reads('Nurse')
  await app.user.click(screen.getByLabelText('Create and change records'))
  expect(screen.getByLabelText(/Delete records/)).toBeDisabled()
  await app.presses('Save the role')
  const dialog = await screen.findByRole('dialog', { name: 'Change the role for everyone who has it?' })
  expect(dialog).toHaveTextContent('No longer:Create and change records')
  await app.user.click(within(dialog).getByRole('button', { name: 'Save the role' }))
  await app.sees(/before we change a role/)
  await app.types('Code', CODE)
  await app.sees('The role is saved.')
  expect(role('nurse')).toMatchObject({ permissions: ['chart.read', 'chart.search'], version: 2 })
})

test('somebody was faster with a role: what was typed stays beside what they saved', async () => {
  const app = at('/roles/care-aide')
  await app.types('What it is called', 's and helpers')
  Object.assign(role('care-aide') ?? {}, { version: 5, permissions: ['chart.read', 'chart.search'] })
  await app.presses('Save the role')
  await app.types('Code', CODE)
  await app.sees('Somebody changed this role meanwhile.')
  expect(screen.getByLabelText('What it is called')).toHaveValue('Care aides and helpers')
  expect(screen.getByLabelText('Search and list records')).toBeChecked()
  await app.presses('Save the role')
  await app.types('Code', CODE)
  await app.sees('The role is saved.')
  expect(role('care-aide')).toMatchObject({ title: 'Care aides and helpers', tie: 'care-team', version: 6 })
})

test('a role is added under a short name of its own', async () => {
  const app = at('/add-role')
  await app.types('What it is called', 'Nurse')
  expect(screen.getByLabelText('Its short name')).toHaveValue('nurse')
  await app.presses('Add the role')
  await app.types('Code', CODE)
  await app.sees(/none that is taken/)
  await app.types('What it is called', ' (night)')
  await app.user.click(screen.getByLabelText('Search and list records'))
  await app.presses('Add the role')
  await app.types('Code', CODE)
  await app.reads('Roles')
  expect(role('nurse-night')).toMatchObject({ tie: null, permissions: ['chart.search'] })
})

test('whoever may not edit roles reads them', async () => {
  world.memberships[0]?.permissions.pop()
  const app = at('/roles')
  await app.follows('Care aide')
  await app.sees('You can look at roles but not change them.')
  expect(screen.queryByRole('checkbox')).toBeNull()
  await app.router.navigate({ to: '/c/$context/add-role', params: { context: CONTEXT } })
  await app.reads('There is no such page')
})
