import { screen, waitFor } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

beforeEach(() => {
  world.session = signedIn()
})

const shownAsk = () => world.asked.filter((it) => it === 'POST /api/auth/session/touch').length

test('away too long: a warning, then everything is out of sight, and back to the same post', async () => {
  world.idleSeconds = 2
  const app = open('/open/sunrise/3')
  await app.reads(/^Good to see you/)
  await app.sees('Are you still there?')
  await app.reads('Locked')
  expect(screen.queryByText(/Good to see you|Rosewood/)).toBeNull()
  expect(document.title).toBe('Locked · Lamplight')
  await waitFor(() => expect(world.session).toBeNull())
  world.open = []

  world.idleSeconds = 900
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.types('Code', CODE)
  await app.reads(/^Good to see you/)
  expect(app.path()).toBe(`/c/${world.open[0]?.context}/`)
}, 15_000)

test('who is still there says so and goes on', async () => {
  world.idleSeconds = 30
  const app = open('/account')
  await app.sees('Are you still there?')
  expect(shownAsk()).toBe(0)
  world.idleSeconds = 900
  await app.presses('I am still here')
  await waitFor(() => expect(screen.queryByText('Are you still there?')).toBeNull())
  expect(shownAsk()).toBe(1)
})

test('locked in another tab: locked here', async () => {
  const app = open('/account')
  await app.reads('Your account')
  const other = new BroadcastChannel('lamplight')
  other.postMessage({ kind: 'locked', reason: 'asked' })
  await app.reads('Locked')
  expect(screen.queryByText('Your account')).toBeNull()
  other.close()
})

test('someone else at a locked screen begins anew', async () => {
  const app = open('/account')
  await app.reads('Your account')
  const other = new BroadcastChannel('lamplight')
  other.postMessage({ kind: 'locked', reason: 'asked' })
  other.close()
  world.session = null
  await app.presses(/Sign in as someone else/)
  await app.reads('Sign in')
  expect(app.router.state.location.search).toEqual({})
  expect(screen.getByLabelText('E-mail address')).toHaveValue('')
})
