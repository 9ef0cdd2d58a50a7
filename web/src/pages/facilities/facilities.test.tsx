import { screen } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import * as logoFile from './logoFile'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000002'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  world.memberships[0]?.permissions.push('people.read', 'organization.manage')
})

const at = (path: string) => open(`/c/${CONTEXT}${path}`)

test('a facility is opened, and is made a pilot where it is listed', async () => {
  const app = at('/people')
  await app.follows('Facilities')
  await app.reads('Facilities')
  await app.presses('Open a facility')
  await app.types('What it is called', 'West House')
  await app.types('Its short name', 'rose')
  await app.presses('Open the facility')
  await app.sees(/before we administer the organization/)
  await app.types('Code', CODE)
  await app.sees(/with this short name already/)
  await app.types('Its short name', '-west')
  await app.presses('Open the facility')
  await app.types('Code', CODE)
  await app.sees(/takes patients once it is a pilot/)
  await app.user.selectOptions(await screen.findByLabelText('State of West House'), 'Pilot')
  await app.types('Code', CODE)
  await app.sees(/rose-west .* as a trial/)
  expect(world.facilities.at(-1)).toMatchObject({ code: 'rose-west', state: 'pilot', version: 2 })
})

test('a facility with patients stays open, and it is said why', async () => {
  const app = at('/facilities')
  await app.reads('Facilities')
  await app.user.selectOptions(await screen.findByLabelText('State of Rosewood House'), 'Preparing')
  await app.types('Code', CODE)
  await app.sees(/holds patients/)
  expect(screen.getByLabelText('State of Rosewood House')).toHaveValue('pilot')
})

test('the organization is renamed; a colour that is none is pointed at', async () => {
  const app = at('/facilities')
  await app.reads('Facilities')
  await app.types('Its name', ' of Ohio')
  await app.types('Its colour', 'x')
  await app.presses('Save the settings')
  await app.sees('Give a colour as #rrggbb.')
  await app.user.type(screen.getByLabelText('Its colour'), '{Backspace}')
  await app.presses('Save the settings')
  await app.types('Code', CODE)
  await vi.waitFor(() =>
    expect(world.settings).toMatchObject({ name: 'Sunrise Senior Living of Ohio', version: 2 }),
  )
})

test('who does not administer the organization has no such page', async () => {
  world.memberships[0]?.permissions.pop()
  const app = at('/people')
  await app.reads('People')
  expect(screen.queryByRole('link', { name: 'Facilities' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/facilities', params: { context: CONTEXT } })
  await app.reads('There is no such page')
})

test('a part of the product is switched off and on; what is not in the plan is not switched', async () => {
  const app = at('/facilities')
  await app.reads('Facilities')
  await app.sees('Not part of your plan')
  expect(screen.queryByRole('button', { name: /Attorney portal/ })).toBeNull()
  await app.presses('Switch off: Family portal')
  await app.types('Code', CODE)
  await app.sees('Switched off')
  expect(world.modules[0]).toMatchObject({ on: false, switched_off: true })
  await app.presses('Switch on: Family portal')
  await app.types('Code', CODE)
  await app.sees('In use')
})

test('a logo is shown in the bar, and is taken away again', async () => {
  vi.spyOn(logoFile, 'logoOf').mockResolvedValue('iVBORw0KGgo=')
  const app = at('/facilities')
  await app.sees('There is none yet.')
  const input = document.querySelector<HTMLInputElement>('input[type=file]')
  await app.user.upload(input as HTMLInputElement, new File(['x'], 'logo.png', { type: 'image/png' }))
  await app.types('Code', CODE)
  expect(await screen.findByAltText('The logo as it is now')).toHaveAttribute(
    'src',
    'data:image/png;base64,iVBORw0KGgo=',
  )
  expect(document.querySelector('header img')).toHaveAttribute('src', 'data:image/png;base64,iVBORw0KGgo=')
  await app.presses('Take it away')
  await app.types('Code', CODE)
  await app.sees('There is none yet.')
  expect(document.querySelector('header img')).toBeNull()
})
