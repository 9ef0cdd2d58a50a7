import { screen, waitFor, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

beforeEach(() => {
  world.session = signedIn()
  world.factors.push({
    id: 'f2',
    kind: 'sms',
    label: 'Old phone',
    hint: '0199',
    added_at: '2026-01-01T00:00:00Z',
    used_at: null,
  })
})

test('removing a factor asks for proof, then does what was asked', async () => {
  const app = open('/account')
  await app.presses('Remove Old phone')
  const dialog = await screen.findByRole('dialog', { name: 'Remove Old phone?' })
  await app.user.click(within(dialog).getByRole('button', { name: 'Remove' }))
  await app.sees(/confirm before we remove a way to sign in/)
  await app.types('Code', CODE)
  await waitFor(() => expect(world.factors.map((it) => it.id)).toEqual(['f1']))
  await waitFor(() => expect(screen.queryByText('Old phone')).toBeNull())
  expect(world.asked.filter((it) => it.startsWith('DELETE'))).toHaveLength(2)
  expect(world.stepUps.size).toBe(0)
})

test('a wrong proof is told and changes nothing; the password does as well', async () => {
  const app = open('/account')
  await app.presses('Change password')
  await app.types('New password', 'quiet maple lantern')
  await app.presses('Save')
  await app.sees(/before we change your password/)
  await app.presses('Password')
  await app.types('Password', 'wrong')
  await app.presses('Confirm')
  await app.sees(/did not match/)
  await app.user.clear(screen.getByLabelText('Password', { selector: 'input' }))
  await app.types('Password', world.person.password)
  await app.presses('Confirm')
  await app.sees('Your password is changed.')
  expect(world.person.password).toBe('quiet maple lantern')
})

test('whoever closes the dialog has changed nothing and is told nothing bad', async () => {
  const app = open('/account')
  await app.presses('Sign out everywhere')
  await app.sees(/before we sign you out everywhere/)
  await app.user.keyboard('{Escape}')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(screen.queryByRole('alert')).toBeNull()
  expect(world.session).not.toBeNull()
})

test('a stolen password is refused with the reason', async () => {
  const app = open('/account')
  await app.presses('Change password')
  await app.types('New password', 'password1234')
  await app.presses('Save')
  await app.sees(/list of stolen passwords/)
})

test('the only factor stays where one is required', async () => {
  world.factors = world.factors.slice(0, 1)
  const app = open('/account')
  await app.presses('Remove Authenticator app')
  await app.user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Remove' }))
  await app.types('Code', CODE)
  await app.sees(/only second way/)
})

test('another device is signed out', async () => {
  const app = open('/account')
  await app.presses('Sign out Safari on iPhone')
  await waitFor(() => expect(screen.queryByText('Safari on iPhone')).toBeNull())
  expect(world.devices).toHaveLength(1)
})
