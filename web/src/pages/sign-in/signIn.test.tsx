import { screen } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

async function givesPassword(app: ReturnType<typeof open>, password = world.person.password) {
  await app.types('E-mail address', world.person.email)
  await app.types('Password', password)
  await app.presses('Sign in')
}

test('a nurse signs in with her password and her app, and chooses where to work', async () => {
  const app = open('/sign-in')
  await givesPassword(app)
  await app.reads('Confirm that it is you')
  await app.types('Code', CODE)
  await app.reads('Where do you want to work?')
  await app.follows(/^Head nurse/)
  await app.reads('Good to see you, Amara Osei')
  expect(app.path()).toBe(`/c/${world.open[0]?.context}/`)
  expect(document.title).toBe('Sunrise Senior Living · Head nurse · Lamplight')
})

test('whoever has one post is there at once', async () => {
  world.memberships = world.memberships.slice(0, 1)
  const app = open('/sign-in')
  await givesPassword(app)
  await app.types('Code', CODE)
  await app.reads('Good to see you, Amara Osei')
})

test('a wrong password is told, and kept nowhere', async () => {
  const app = open('/sign-in')
  await givesPassword(app, 'not this one')
  await app.sees(/did not match/)
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('not this one')
  expect(document.querySelector<HTMLInputElement>('input[name=password]')).toHaveValue('')
})

test('a wrong code can be tried again, and a recovery code used instead', async () => {
  const app = open('/sign-in')
  await givesPassword(app)
  await app.types('Code', '000000')
  await app.sees(/did not match, or took too long/)
  await app.presses('Recovery code')
  await app.types('Recovery code', world.recovery[2] ?? '')
  await app.presses('Confirm')
  await app.reads('Where do you want to work?')
})

test('too many attempts: the wait is told', async () => {
  world.throttled = true
  const app = open('/sign-in')
  await givesPassword(app)
  await app.sees(/wait 42 seconds/)
})

test('signed out, one comes back to where one was', async () => {
  const app = open('/account')
  await app.reads('Sign in')
  expect(app.router.state.location.search).toEqual({ return: '/account' })
  await givesPassword(app)
  await app.types('Code', CODE)
  await app.reads('Your account')
})

test('whoever is signed in does not sign in again', async () => {
  world.session = signedIn()
  const app = open('/sign-in')
  await app.reads('Where do you want to work?')
})

test('an address that leads elsewhere is not followed', async () => {
  const app = open('/sign-in?return=https%3A%2F%2Fevil.example%2F')
  await givesPassword(app)
  await app.types('Code', CODE)
  await app.reads('Where do you want to work?')
})

test('in a demonstration one chooses who to be, goes on as them after a lock, and proves nothing', async () => {
  const { name, email } = world.person
  world.demo = [{ key: 'nurse', name, email, posts: [{ role: 'Head nurse', facilities: ['Maple', 'Oak'] }] }]
  const app = open('/sign-in')
  await app.reads('Try Lamplight as…')
  await app.sees(/Maple and 1 more/)
  await app.presses('Sign in with an account of your own')
  await app.reads('Sign in')
  await app.presses('Back to the people to try')
  await app.presses(/^Amara Osei/)
  await app.reads('Where do you want to work?')
  await app.follows(/^Head nurse/)
  await app.presses(/Account of/)
  await app.user.click(await screen.findByRole('menuitem', { name: 'Lock this screen' }))
  await app.reads('Locked')
  await app.presses('Go on as Amara Osei')
  await app.reads('Good to see you, Amara Osei')
})

test('elsewhere nobody is offered', async () => {
  const app = open('/sign-in')
  await app.reads('Sign in')
  expect(screen.queryByText('Sign in with an account of your own')).toBeNull()
})
