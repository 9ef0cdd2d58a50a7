import { screen, waitFor, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000001'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  world.memberships[0]?.permissions.push('people.read', 'people.invite', 'people.end')
})

const at = (path: string) => open(`/c/${CONTEXT}${path}`)
const post = (membership: number) => world.posts.find((it) => it.membership === membership)

test('whoever may not see the people here has no way to them', async () => {
  world.memberships[0]?.permissions.splice(4)
  const app = at('/')
  await app.reads(/^Good to see you/)
  expect(screen.queryByRole('link', { name: 'People' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/people', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(world.asked).not.toContain('GET /api/people')
})

test('whoever may only look is offered nothing else', async () => {
  world.memberships[0]?.permissions.splice(0, Number.POSITIVE_INFINITY, 'people.read')
  const app = at('/people')
  await app.reads('People')
  expect(screen.queryByRole('link', { name: 'Invite someone' })).toBeNull()
  await app.follows('Jonas Wetherby')
  await app.reads('Jonas Wetherby')
  expect(screen.queryByRole('button', { name: /this post/ })).toBeNull()
  await app.router.navigate({ to: '/c/$context/people/invite', params: { context: CONTEXT } })
  await app.reads('There is no such page')
})

test('the list is searched as one types, without accents; who has ended is shown when asked for', async () => {
  const app = at('/')
  await app.follows('People')
  await app.reads('People')
  expect(screen.queryByText('Otto Fairweather')).toBeNull()
  await app.user.click(screen.getByLabelText('Show 1 that has ended'))
  await app.sees('Otto Fairweather')
  await app.types('Search by name, role or place', 'zoe')
  await app.sees('Zoë Lindqvist')
  expect(screen.queryByText('Jonas Wetherby')).toBeNull()
  await app.types('Search by name, role or place', 'zzz')
  await app.sees(/Nobody here matches/)
})

test('the tree shows who stands below whom, and the keyboard walks it', async () => {
  const app = at('/people?view=tree')
  const jonas = await screen.findByRole('treeitem', { name: /Jonas Wetherby/ })
  expect(jonas).toHaveAttribute('aria-level', '3')
  expect(screen.queryByText('Pia Brandt')).toBeNull()
  await app.user.click(screen.getByRole('button', { name: 'Show who is below Jonas Wetherby' }))
  const pia = await screen.findByRole('treeitem', { name: /Pia Brandt/ })
  expect(pia).toHaveAttribute('aria-level', '4')
  pia.focus()
  await app.user.keyboard('{ArrowLeft}')
  expect(jonas).toHaveFocus()
  await app.user.keyboard('{ArrowLeft}')
  expect(screen.queryByText('Pia Brandt')).toBeNull()
  await app.user.keyboard('{Enter}')
  await app.reads('Jonas Wetherby')
})

test('a search in the tree keeps those above, so that one sees where somebody stands', async () => {
  const app = at('/people?view=tree')
  await app.types('Search by name, role or place', 'pia')
  await app.sees('Pia Brandt')
  expect(screen.getByText('Ines Calder')).toBeVisible()
  expect(screen.queryByText('Rui Tanaka')).toBeNull()
})

test('an invitation says what the role may do, and is sent after proof', async () => {
  const app = at('/people/invite')
  await app.types('Name', 'Mara Quill')
  await app.types('E-mail address', 'mara@example.org')
  const beyond = await screen.findByRole('option', { name: 'Administrator (more than you have)' })
  expect(beyond).toBeDisabled()
  await app.user.selectOptions(screen.getByLabelText('Role'), 'care-aide')
  await app.sees('Records of those it cares for')
  await app.user.click(screen.getByLabelText('Elm Court Assisted Living'))
  await app.presses('Send the invitation')
  await app.sees(/before we invite someone/)
  await app.types('Code', CODE)
  await app.sees('The invitation for Mara Quill is on its way.')
  expect(world.posts.at(-1)).toMatchObject({ parent: 3, facilities: ['elm'], role_key: 'care-aide' })
})

test('each field tells what is wrong with it, before proof where the page can know', async () => {
  const app = at('/people/invite')
  await app.presses('Send the invitation')
  await app.sees('A name has 1 to 100 characters.')
  await app.types('Name', 'Mara Quill')
  await app.types('E-mail address', 'mara@example.invalid')
  await app.user.selectOptions(screen.getByLabelText('Role'), 'nurse')
  await app.presses('Send the invitation')
  await app.types('Code', CODE)
  await app.sees('This is not an e-mail address that mail reaches.')
  expect(screen.getByLabelText('Name')).toHaveValue('Mara Quill')
})

test('what a post says and may not do is marked', async () => {
  const app = at('/people/5')
  await app.reads('Zoë Lindqvist')
  await app.sees('1 thing that the post says, it may not do now. It is marked.')
  const marked = screen.getByText('Delete records (their past stays)').closest('li')
  expect(marked).toHaveTextContent('Not allowed above')
  const above = screen.getByRole('region', { name: 'Who is above' })
  expect(
    within(above)
      .getAllByRole('listitem')
      .map((it) => it.textContent),
  ).toEqual([
    'Ines CalderAdministrator',
    'Amara OseiHead nurse',
    'Jonas WetherbyShift lead',
    'Zoë LindqvistThis post',
  ])
})

test('a change tells whom it affects, asks for proof, and is done', async () => {
  const app = at('/people/4')
  await app.presses('Change this post')
  await app.user.click(screen.getByLabelText('Create and change records'))
  await app.user.click(screen.getByLabelText('Elm Court Assisted Living'))
  await app.presses('See what this would do')
  const dialog = await screen.findByRole('dialog', { name: 'What this would do' })
  await within(dialog).findByText(/2 posts below lose “Create and change records”/)
  expect(dialog).toHaveTextContent('2 posts below lose the facility Elm Court Assisted Living')
  expect(dialog).toHaveTextContent('Zoë Lindqvist, Pia Brandt')
  expect(post(4)?.denied).toEqual([])
  await app.user.click(within(dialog).getByRole('button', { name: 'Save this' }))
  await app.sees(/before we change what someone may do/)
  await app.types('Code', CODE)
  await app.sees('The post is changed.')
  expect(post(4)).toMatchObject({ denied: ['chart.write'], facilities: ['rose'], version: 2 })
  expect(screen.getByText('Create and change records').closest('li')).toHaveTextContent('Taken away here')
})

test('somebody was faster: it is told, what was typed stays, and both changes stand', async () => {
  const app = at('/people/4')
  await app.presses('Change this post')
  const role = screen.getByLabelText('Role')
  await app.user.clear(role)
  await app.user.type(role, 'Night lead')
  Object.assign(post(4) ?? {}, { version: 2, denied: ['audit.report'] })
  await app.presses('See what this would do')
  await app.presses('Save this')
  await app.types('Code', CODE)
  await app.sees('Somebody changed this post meanwhile.')
  expect(screen.getByLabelText('Role')).toHaveValue('Night lead')
  expect(screen.getByLabelText('See who looked at a record')).not.toBeChecked()
  await app.presses('See what this would do')
  await app.presses('Save this')
  await app.types('Code', CODE)
  await app.sees('The post is changed.')
  expect(post(4)).toMatchObject({ role: 'Night lead', denied: ['audit.report'], version: 3 })
})

test('an end tells who ends with it', async () => {
  const app = at('/people/4')
  await app.presses('End this post')
  const dialog = await screen.findByRole('dialog', { name: 'End the post of Jonas Wetherby?' })
  await within(dialog).findByText('2 posts below end with it:')
  await app.user.click(within(dialog).getByRole('button', { name: 'End the post' }))
  await app.types('Code', CODE)
  await app.sees('The post has ended.')
  await waitFor(() => expect(screen.queryByRole('button', { name: 'End this post' })).toBeNull())
})

test('the last administrator stays, and the reason is told', async () => {
  world.lastAdministrator = true
  const app = at('/people/4')
  await app.presses('End this post')
  await app.sees(/left without an administrator/)
  expect(screen.getByRole('button', { name: 'End the post' })).toBeDisabled()
})

test('nobody changes their own post, or one beside them', async () => {
  const app = at('/people/3')
  await app.sees(/This is your own post/)
  expect(screen.queryByRole('button', { name: 'Change this post' })).toBeNull()
  await app.router.navigate({
    to: '/c/$context/people/$membership',
    params: { context: CONTEXT, membership: '9' },
  })
  await app.sees(/not below yours/)
})
