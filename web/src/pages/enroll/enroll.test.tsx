import { screen, waitFor } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

beforeEach(() => {
  world.factors = []
  world.recovery = []
})

test('without a second factor nothing else opens; the recovery codes must be kept', async () => {
  const app = open('/sign-in?return=%2Faccount')
  await app.types('E-mail address', world.person.email)
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.reads(/a second way to sign in/)
  await app.presses(/^Authenticator app/)
  expect(await screen.findByAltText(/QR code/)).toHaveAttribute(
    'src',
    expect.stringMatching(/^data:image\/svg/),
  )
  await app.types('Code from the app', CODE)
  await app.reads('Keep your recovery codes')
  expect(screen.getAllByRole('listitem')).toHaveLength(10)
  await app.presses('I have kept them')
  expect(screen.queryByText(world.recovery[4] ?? '')).toBeNull()
  await app.types('Code number 5', 'wrong')
  await app.presses('Done')
  await app.sees(/not code number 5/)
  await app.user.clear(screen.getByLabelText('Code number 5'))
  await app.types('Code number 5', world.recovery[4] ?? '')
  await app.presses('Done')
  await app.reads('Your account')
  expect(world.factors).toHaveLength(1)
})

test('a reload does not get around it', async () => {
  world.session = signedIn('password')
  const app = open('/account')
  await app.reads(/a second way to sign in/)
  expect(app.path()).toBe('/enroll')
})

test('a wrong code is told', async () => {
  world.session = signedIn('password')
  const app = open('/enroll')
  await app.presses(/^Authenticator app/)
  await app.types('Code from the app', '000000')
  await app.sees(/code did not match/)
  await waitFor(() => expect(screen.getByLabelText('Code from the app')).toHaveValue(''))
})
