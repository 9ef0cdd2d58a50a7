import { watchLinkToken } from '@/app/linkToken'
import { CODE, LINK, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

function openLink(path: string, token: string) {
  window.history.replaceState(null, '', `${path}#${token}`)
  watchLinkToken()
  return open(path)
}

test('the secret of a link leaves the address bar at once', () => {
  openLink('/reset', LINK)
  expect(window.location.href).not.toContain(LINK)
  expect(JSON.stringify(window.history.state ?? '')).not.toContain(LINK)
})

test('a new password by the link', async () => {
  const app = openLink('/reset', LINK)
  await app.types('New password', 'quiet maple lantern')
  await app.presses('Save the new password')
  await app.reads('Your password is changed')
  expect(world.person.password).toBe('quiet maple lantern')
})

test('a link that has ended says so, and how to get another', async () => {
  const app = openLink('/reset', 'old')
  await app.types('New password', 'quiet maple lantern')
  await app.presses('Save the new password')
  await app.sees(/link no longer works/)
  await app.follows('Ask for a new link')
  await app.reads('Forgotten your password?')
})

test('a new nurse accepts an invitation and sets up a second factor', async () => {
  const app = openLink('/invitation', LINK)
  await app.reads('Welcome to Sunrise Senior Living')
  await app.types('Your name', 'Noor Haddad')
  await app.types('Password', 'quiet maple lantern')
  await app.presses('Create my account')
  await app.reads(/a second way to sign in/)
})

test('whoever has an account signs in to accept', async () => {
  world.invitation.account = true
  world.invitation.email = world.person.email
  const app = openLink('/invitation', LINK)
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.types('Code', CODE)
  await app.presses('Accept the invitation')
  await app.reads('Where do you want to work?')
})

test('a new address is confirmed only when asked to', async () => {
  const app = openLink('/email', LINK)
  await app.reads('Confirm your e-mail address')
  expect(world.asked).not.toContain('POST /api/auth/email/finish')
  await app.presses('Confirm the address')
  await app.reads('Your address is confirmed')
})

test('a program is allowed in', async () => {
  world.session = signedIn()
  const app = open('/authorize?request=r1')
  await app.reads('Let CareGraph work for you?')
  await app.sees('Read the charts you may read')
  const left = vi.spyOn(await import('@/pages/authorize/goTo'), 'goTo').mockImplementation(() => {})
  await app.presses('Allow')
  await app.reads(/Taking you back/)
  expect(left).toHaveBeenCalledWith('https://caregraph.example/cb?code=c')
})
