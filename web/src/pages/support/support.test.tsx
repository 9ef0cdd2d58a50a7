import { screen, waitFor, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000005'
const REQUEST = '0195f2a0-0000-7000-8000-00000000a009'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

function at(path: string, ...permissions: string[]) {
  const post = world.memberships[0]
  if (post) post.permissions = ['chart.read', ...permissions]
  return open(`/c/${CONTEXT}${path}`)
}
const card = async (name: string) => {
  const all = await screen.findAllByRole('article', { name })
  return all[0] as HTMLElement
}
const button = (of: HTMLElement, name: string) => within(of).getByRole('button', { name })

test('whoever neither administers nor answers for the log has no way to it', async () => {
  const app = at('/', 'people.read')
  await app.reads(/^Good to see you/)
  await screen.findByRole('link', { name: 'People' })
  expect(screen.queryByRole('link', { name: 'Support' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/support', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(world.asked).not.toContain('GET /api/support')
})

test('who answers for the log sees who asked, why, and what runs, and decides nothing', async () => {
  const app = at('/', 'audit.report')
  await app.follows('Support')
  await app.reads('Support access')
  expect(await card('Olga Marsh')).toHaveTextContent(/Waits for you.*60 minutes.*stays empty/)
  expect(await card('Paul Reyes')).toHaveTextContent(
    /Running.*30 minutes.*Look only.*Jonas Wetherby.*by Ines Calder.*12/,
  )
  expect(screen.queryByRole('button', { name: 'Share it' })).toBeNull()
  expect(screen.queryByRole('button', { name: 'End it now' })).toBeNull()
})

test('a view is shared for less than was asked, with proof', async () => {
  const app = at('/support', 'organization.manage', 'people.read')
  const asked = await card('Olga Marsh')
  await app.user.click(button(asked, 'Share it'))
  await app.sees('Choose whose view is shared.')
  await within(asked).findByRole('option', { name: 'Jonas Wetherby · Shift lead' })
  await app.user.selectOptions(within(asked).getByLabelText('Share what this person sees'), '4')
  await app.user.selectOptions(within(asked).getByLabelText('For how long'), '15')
  await app.user.click(button(asked, 'Share it'))
  await app.sees(/before we share what somebody sees with support/)
  expect(world.support[0]?.state).toBe('waiting')
  await app.types('Code', CODE)
  const news = await app.sees('Olga Marsh sees what you shared from now on.')
  await waitFor(() => expect(document.activeElement).toContainElement(news))
  expect(world.support[0]?.granted).toMatchObject({ membership: 4, minutes: 15, write: false })
  expect(await card('Olga Marsh')).toHaveTextContent('Running')
})

test('whom support named is proposed when there is such a post, and nobody else', async () => {
  Object.assign(world.support[0] ?? {}, { wanted: 999 })
  const app = at('/support', 'organization.manage', 'people.read')
  const asked = await card('Olga Marsh')
  await within(asked).findByRole('option', { name: 'Jonas Wetherby · Shift lead' })
  await app.user.click(button(asked, 'Share it'))
  await app.sees('Choose whose view is shared.')
  expect(screen.queryByRole('dialog')).toBeNull()
})

test('it is refused, and what runs is ended', async () => {
  const app = at('/support', 'organization.manage')
  const asked = await card('Olga Marsh')
  expect(within(asked).getByLabelText('Number of the post')).toBeVisible()
  await app.user.click(button(asked, 'Refuse'))
  await app.sees('The request of Olga Marsh is refused.')
  await app.user.click(button(await card('Paul Reyes'), 'End it now'))
  await app.sees('The access of Paul Reyes has ended.')
  expect(world.support.map((it) => it.state)).toEqual(['refused', 'over', 'over'])
})

test('somebody was faster: it is told', async () => {
  const app = at('/support', 'organization.manage')
  const asked = await card('Olga Marsh')
  Object.assign(world.support[0] ?? {}, { state: 'withdrawn' })
  await app.user.click(button(asked, 'Refuse'))
  await app.sees('This request was decided or withdrawn already, or it was asked too long ago.')
})

function supporting(minutes: number, read_only = true) {
  const post = world.memberships[0]
  const ends_at = new Date(Date.now() + minutes * 60_000).toISOString()
  const support = { request: REQUEST, by: 'Amara Osei', for: 'Jonas Wetherby', ends_at, read_only }
  if (post) Object.assign(post, { support })
}

test('every page of such a context says whose view it is and how long, and cannot be rid of it', async () => {
  supporting(30)
  const app = at('/', 'people.read')
  const banner = await screen.findByRole('region', { name: 'Support access' })
  expect(banner).toHaveTextContent(
    'You see what Jonas Wetherby sees at Sunrise Senior Living. You may only look.',
  )
  expect(banner).toHaveTextContent('30 minutes left')
  expect(within(banner).getAllByRole('button')).toHaveLength(1)
  await app.follows('People')
  await app.reads('People')
  expect(screen.getByRole('region', { name: 'Support access' })).toBeVisible()
  await app.router.navigate({ to: '/c/$context/support', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(screen.getByRole('region', { name: 'Support access' })).toBeVisible()
})

test('it is ended from there, and its tab is left', async () => {
  supporting(30, false)
  const app = at('/')
  expect(await screen.findByText(/What you change is changed/)).toBeVisible()
  await app.presses('End support access')
  await waitFor(() => expect(app.path()).toBe('/'))
  expect(world.asked).toContain(`POST /api/support/${REQUEST}/end`)
  expect(screen.queryByRole('region', { name: 'Support access' })).toBeNull()
})

test('any other context has no such banner', async () => {
  const app = at('/')
  await app.reads(/^Good to see you/)
  expect(screen.queryByRole('region', { name: 'Support access' })).toBeNull()
})
