import { screen, waitFor, within } from '@testing-library/react'
import { onPlane } from '@/mocks/platform'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

beforeEach(() => {
  world.session = signedIn()
  world.plane.me = onPlane
})

const found = (slug: string) => world.plane.organizations.find((it) => it.slug === slug)

test('whoever is not on the platform does not find it, and nothing of it is asked for', async () => {
  world.plane.me = null
  const app = open('/console')
  await app.reads('There is no such page')
  expect(world.asked.filter((it) => it.includes('/platform/'))).toEqual([])
  await app.router.navigate({ to: '/console/health' })
  await app.reads('There is no such page')
  expect(world.asked.filter((it) => it.includes('/platform/health'))).toEqual([])
})

test('the way to the platform is in the account menu of whoever is on it', async () => {
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  await app.presses('Account of Amara Osei')
  // Without a layout the menu takes its button for gone when it grows.
  await app.user.click(await screen.findByRole('menuitem', { name: 'Go to the platform', hidden: true }))
  await app.reads('Organizations')
  expect(screen.getByText('Platform')).toBeVisible()
  expect(screen.queryByRole('button', { name: /Change post/ })).toBeNull()
})

test('nobody else has it there', async () => {
  world.plane.me = null
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  await app.presses('Account of Amara Osei')
  await screen.findByRole('menuitem', { name: 'Account and security' })
  await waitFor(() =>
    expect(world.asked.filter((it) => it === 'GET /api/auth/door').length).toBeGreaterThan(1),
  )
  expect(screen.queryByRole('menuitem', { name: 'Go to the platform' })).toBeNull()
})

test('an organization is made with little typing', async () => {
  const app = open('/console')
  await app.follows('Create an organization')
  await app.types('Name', 'Elm Court')
  expect(screen.getByLabelText('Address')).toHaveValue('elm-court')
  await app.types('Name of the site', 'Main House')
  await app.types('Name of the administrator', 'Ines Calder')
  await app.types('E-mail address of the administrator', 'ines')
  await app.presses('Create an organization')
  await app.sees('An e-mail address.')
  await app.types('E-mail address of the administrator', '@elm.example')
  await app.presses('Create an organization')
  await app.sees(/before we create or change an organization/)
  await app.types('Code', CODE)
  await app.reads('Elm Court')
  expect(found('elm-court')?.facilities[0]).toMatchObject({ code: 'main-house', state: 'preparing' })
})

test('an address that is taken is told at its field', async () => {
  const app = open('/console/create')
  await app.types('Name', 'Harbor')
  await app.types('Name of the site', 'Main')
  await app.types('Name of the administrator', 'Ines')
  await app.types('E-mail address of the administrator', 'ines@elm.example')
  await app.presses('Create an organization')
  await app.types('Code', CODE)
  await app.sees('Another organization has this address.')
  expect(screen.getByLabelText('Address')).toBeInvalid()
})

test('settings start from what is on the page: somebody was faster', async () => {
  const app = open('/console/organizations/harbor')
  await app.reads('Harbor Home Care')
  Object.assign(found('harbor') ?? {}, { version: 900 })
  await app.types('Name', ' Inc')
  await app.presses('Save')
  await app.types('Code', CODE)
  await app.sees(/Somebody changed this meanwhile/)
  await app.types('Name', ' LLC')
  await app.presses('Save')
  await app.types('Code', CODE)
  await app.sees('It is saved.')
  expect(found('harbor')?.settings.name).toBe('Harbor Home Care LLC')
})

test('a plan is given with modules beside it', async () => {
  const app = open('/console/organizations/oak-hill')
  await app.user.click(await screen.findByLabelText('Family portal'))
  await app.presses('Give it this plan')
  await app.types('Code', CODE)
  await app.sees(/In use: Family portal/)
  expect(found('oak-hill')?.extra).toEqual(['family-portal'])
})

test('a finished month is fixed, and a log that says otherwise is told', async () => {
  const app = open('/console/organizations/sunrise')
  await app.sees('12 clinicians')
  expect(screen.getAllByText('$1,087.00')).toHaveLength(1)
  await app.presses('Fix this month')
  await app.types('Code', CODE)
  await app.sees(/The log still says the same/)
  expect(screen.queryByRole('button', { name: 'Fix this month' })).toBeNull()
  world.plane.usage.agrees = false
  await app.user.selectOptions(screen.getByLabelText('Month (UTC)'), '2026-09')
  expect(await screen.findByRole('alert')).toHaveTextContent(/treat it as an incident/)
})

test('a plan changes by another version', async () => {
  const app = open('/console/plans')
  await app.presses('Change: Essentials')
  const price = await screen.findByLabelText('For each clinician, a month')
  await app.user.clear(price)
  await app.user.type(price, 'many')
  await app.presses('Save')
  await app.sees(/An amount such as/)
  await app.user.clear(price)
  await app.user.type(price, '59.50')
  await app.presses('Save')
  await app.types('Code', CODE)
  await app.sees(/essentials, Version 2/)
  expect(world.plane.plans.find((it) => it.key === 'essentials')?.plan.clinician_cents).toBe(5950)
})

test('nobody gives on the platform what they have not', async () => {
  world.plane.me = { ...onPlane, permissions: ['platform.watch', 'platform.administrators'] }
  const app = open('/console/administrators')
  await app.presses('Invite someone')
  const dialog = await screen.findByRole('dialog')
  expect(within(dialog).getByLabelText('Write announcements')).toBeDisabled()
  await app.user.type(within(dialog).getByLabelText('Name'), 'Pia Brandt')
  await app.user.type(within(dialog).getByLabelText('E-mail address'), 'pia@lamplight.example')
  await app.user.click(within(dialog).getByRole('button', { name: 'Invite someone' }))
  await app.types('Code', CODE)
  await app.sees(/Pia Brandt/)
  expect(world.plane.administrators.at(-1)?.permissions).toEqual(['platform.watch'])
})

test('the last administrator stays', async () => {
  const app = open('/console/administrators')
  await app.presses('Take off the platform: Amara Osei')
  const dialog = await screen.findByRole('dialog')
  await app.user.click(within(dialog).getByRole('button', { name: 'Take off the platform' }))
  await app.types('Code', CODE)
  await app.sees('One administrator says who else is here: name another first.')
})

test('something is announced and withdrawn', async () => {
  const app = open('/console/announcements')
  await app.presses('Announce something')
  await app.types('Title', 'Fire drill')
  await app.user.type(screen.getByLabelText('Text'), 'At noon.')
  await app.user.selectOptions(screen.getByLabelText('To whom'), 'some')
  await app.types(/Their addresses/, 'nowhere')
  await app.presses('Announce it')
  await app.sees('There is no such organization, or none is named.')
  await app.user.clear(screen.getByLabelText(/Their addresses/))
  await app.types(/Their addresses/, 'harbor, sunrise')
  await app.presses('Announce it')
  await app.sees('Fire drill')
  expect(world.plane.announcements[0]?.organizations).toEqual(['harbor', 'sunrise'])
  await app.presses('Withdraw: Fire drill')
  await app.sees(/Withdrawn today/)
})

test('what is announced may begin later, and not after its end', async () => {
  const app = open('/console/announcements')
  await app.presses('Announce something')
  await app.types('Title', 'An hour without us')
  await app.user.type(await screen.findByLabelText('Text'), 'On Sunday.')
  await app.user.type(screen.getByLabelText('From'), '2027-03-07T02:00')
  await app.user.clear(screen.getByLabelText('Until'))
  await app.user.type(screen.getByLabelText('Until'), '2027-03-07T01:00')
  await app.presses('Announce it')
  await app.sees('A time to come, after it begins.')
  await app.user.clear(screen.getByLabelText('Until'))
  await app.user.type(screen.getByLabelText('Until'), '2027-03-07T03:00')
  await app.presses('Announce it')
  await app.sees('An hour without us')
  expect(world.plane.announcements[0]?.starts_at).toBe(new Date('2027-03-07T02:00').toISOString())
})

test('what is announced stands above the page until it is put away in this tab', async () => {
  world.plane.announced = [
    {
      announcement: 'a1',
      title: 'Update tonight',
      text: 'Ten minutes.',
      level: 'maintenance',
      starts_at: '2026-11-22T00:00:00Z',
      ends_at: '2026-11-23T00:00:00Z',
    },
  ]
  const app = open('/open/sunrise/3')
  const bar = await screen.findByRole('region', { name: 'Announcements' })
  expect(bar).toHaveTextContent('Maintenance Update tonight Ten minutes.')
  await app.presses('Put away: Update tonight')
  expect(screen.queryByRole('region', { name: 'Announcements' })).toBeNull()
})

test('health, sessions and figures are read, few people as few', async () => {
  const app = open('/console/health')
  await app.reads(/^Health/)
  await app.sees('Jobs that failed')
  expect(screen.getAllByText('Look at it').length).toBeGreaterThan(0)
  await app.follows('Sessions')
  await app.reads('Sessions')
  expect(await screen.findByRole('row', { name: /sunrise 61 70 33 12 1/ })).toBeVisible()
  await app.follows('Figures')
  await app.reads('Figures')
  expect(screen.getAllByRole('row', { name: /^harbor .*under 11/ })).toHaveLength(1)
  await app.sees('431 and some')
})

test('everyone of an organization is signed out, with proof', async () => {
  const app = open('/console/sessions')
  await app.presses('Sign everyone of sunrise out')
  const dialog = await screen.findByRole('dialog', { name: 'Sign everyone of sunrise out?' })
  expect(world.asked.some((it) => it.endsWith('/sign-out'))).toBe(false)
  await app.user.click(within(dialog).getByRole('button', { name: 'Sign everyone of sunrise out' }))
  await app.types('Code', CODE)
  await app.sees('61 browsers of sunrise were signed out.')
  // Where nobody is, there is nobody to sign out.
  expect(screen.queryByRole('button', { name: 'Sign everyone of oak-hill out' })).toBeNull()
})

test('support is asked for with a reason, to read only, and ended', async () => {
  const app = open('/console/support')
  await app.reads('Support')
  await app.presses('Ask for access')
  await app.types('Address of the organization', 'harbor')
  await app.presses('Ask')
  await app.sees('Say why.')
  await app.types('Why', 'They cannot invite anyone.')
  await app.presses('Ask')
  await app.types('Code', CODE)
  await app.sees(/Waits for the organization · for 30 minutes/)
  expect(world.plane.support[0]).toMatchObject({ organization: 'harbor', write: false })
  await app.presses('Withdraw: harbor')
  await app.sees(/Withdrawn/)
})
