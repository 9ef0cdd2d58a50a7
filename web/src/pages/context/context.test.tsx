import { screen } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

beforeEach(() => {
  world.session = signedIn()
})

test('an answer of another context stops the app', async () => {
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  world.wrongEcho = crypto.randomUUID()
  await app.router.navigate({
    to: '/open/$organization/$membership',
    params: { organization: 'harbor', membership: '1' },
  })
  await app.reads('Lamplight has stopped this tab')
  expect(screen.queryByText(/Good to see you/)).toBeNull()
  expect(screen.queryByRole('button')).toBeNull()
})

test('the permissions are told in words', async () => {
  const app = open('/open/sunrise/3')
  await app.sees('See who looked at a record')
  expect(screen.queryByText('audit.report')).toBeNull()
})

test('a post that is open already is not opened twice', async () => {
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  await app.router.navigate({ to: '/' })
  await app.follows(/^Head nurse/)
  await app.reads(/^Good to see you/)
  expect(world.open).toHaveLength(1)
})

test('signing out of a post leaves the others open', async () => {
  const app = open('/open/sunrise/3')
  await app.presses('Account of Amara Osei')
  await app.user.click(await screen.findByRole('menuitem', { name: 'Sign out of this post' }))
  await app.reads('Where do you want to work?')
  expect(world.open).toHaveLength(0)
  expect(world.session).not.toBeNull()
})

test('a context that is not open is not entered', async () => {
  const app = open(`/c/${crypto.randomUUID()}/`)
  await app.reads('This post is not open any more')
  expect(world.asked).not.toContain('GET /api/me')
})

test('an unknown address is told', async () => {
  const app = open('/no/such/page')
  await app.reads('There is no such page')
})

test('the switcher names every post and offers a tab of its own', async () => {
  const app = open('/open/sunrise/3')
  await app.presses(/Change post/)
  const tab = await screen.findByRole('menuitem', {
    name: 'Open Family member, Harbor Home Care in a new tab',
  })
  expect(tab).toHaveAttribute('href', '/open/harbor/1')
  expect(tab).toHaveAttribute('target', '_blank')
})

test('the session ended elsewhere: to the door, and back into the same post', async () => {
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  world.session = null
  world.open = []
  await app.presses('Account of Amara Osei')
  await app.user.click(await screen.findByRole('menuitem', { name: 'Account and security' }))
  await app.reads('Sign in')
  await app.types('E-mail address', world.person.email)
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.types('Code', CODE)
  await app.reads('Your account')
  await app.follows('Back to your post')
  await app.reads(/^Good to see you/)
  expect(app.path()).toBe(`/c/${world.open[0]?.context}/`)
})
