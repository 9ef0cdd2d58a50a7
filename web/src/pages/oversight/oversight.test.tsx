import { screen, waitFor, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { PLOTS, spanSum, total } from './figures'
import { roundUp } from './Plot'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000005'
const saved: string[] = []

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  saved.length = 0
  URL.createObjectURL = () => 'blob:x'
  URL.revokeObjectURL = () => {}
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    saved.push(this.download)
  }
})

function at(path: string, ...permissions: string[]) {
  const post = world.memberships[0]
  if (post) post.permissions = permissions
  return open(`/c/${CONTEXT}${path}`)
}

test('whoever oversees nothing has no way to it', async () => {
  const app = at('/', 'people.read')
  await screen.findByRole('link', { name: 'People' })
  expect(screen.queryByRole('link', { name: 'Oversight' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/oversight', params: { context: CONTEXT } })
  await app.reads('There is no such page')
})

test('one part that the post has not does not exist, and the others are there', async () => {
  const app = at('/oversight', 'figures.read', 'people.review')
  await app.reads('Figures')
  const nav = screen.getByRole('navigation', { name: 'Pages of oversight' })
  expect(
    within(nav)
      .getAllByRole('link')
      .map((it) => it.textContent),
  ).toEqual(['Figures', 'Access reviews'])
  await app.router.navigate({
    to: '/c/$context/oversight/$part',
    params: { context: CONTEXT, part: 'log' },
  })
  await app.reads('There is no such page')
  expect(world.asked).not.toContain('GET /api/audit/events')
})

test('the log is searched, narrowed by what a line says, and explained', async () => {
  const app = at('/oversight/log', 'audit.report')
  await app.reads('What was done here')
  const list = await screen.findByRole('list', { name: 'What was found' })
  expect(within(list).getAllByRole('listitem')).toHaveLength(3)
  expect(list).toHaveTextContent('Amara Osei, Head nurse')
  expect(list).toHaveTextContent('and 11 more')
  await app.user.click(screen.getByLabelText('What was refused'))
  await app.presses('Search')
  await waitFor(() => expect(screen.getAllByRole('button', { name: /^Why was this/ })).toHaveLength(1))
  expect(screen.getByRole('list', { name: 'What was found' })).toHaveTextContent('Tried, refused')
  await app.user.click(screen.getByRole('button', { name: 'Only Wren Alder' }))
  await app.sees('Who looked at the record of Wren Alder. Taking it is in the log.')
  // Whom one looks for stands in no address of the app.
  expect(app.router.state.location.href).not.toContain('01981f3e')
  await app.presses('PDF')
  await app.sees(/The file is in your downloads/)
  expect(saved).toEqual(['who-looked.pdf'])
})

test('figures are drawn, and stand in tables that say the same', async () => {
  const app = at('/oversight/figures', 'figures.read')
  await app.reads('Figures')
  const plot = await screen.findByRole('img', { name: /^Incidents: Falls, Wounds/ })
  expect(plot.querySelectorAll('rect')).toHaveLength(3)
  const [site] = screen.getAllByRole('table', { name: 'By facility' })
  expect(site).toHaveTextContent('Rosewood House4230')
  expect(site).toHaveTextContent('Together7231')
  // Who may not look for records is not offered what looks at them.
  expect(screen.queryByRole('button', { name: 'Look now' })).toBeNull()
  await app.presses('Take along (CSV)')
  await waitFor(() => expect(saved).toEqual(['figures.csv']))
})

test('what waits now is looked at when it is asked for', async () => {
  const app = at('/oversight/figures', 'figures.read', 'chart.search')
  await app.reads('Figures')
  expect(world.asked.some((it) => it.endsWith('/figures/now'))).toBe(false)
  await app.presses('Look now')
  const now = await screen.findByRole('table', { name: 'Right now' })
  await waitFor(() => expect(now).toHaveTextContent('Rosewood House492Not in your sight'))
})

test('what is not told is no number: a sum says that it is at least so many', () => {
  const { figures } = world.oversight
  const [first] = figures.facilities
  if (first?.spans[0]) first.spans[0].values[3] = null
  expect(spanSum(figures, 'incidents-fall', 0)).toEqual({ count: 0, more: true })
  expect(total(figures, 'incidents-fall')).toEqual({ count: 4, more: true })
  // Who stands at the end is not summed over time.
  expect(total(figures, 'residents')).toEqual({ count: 72, more: false })
  expect(PLOTS.flatMap((it) => it.table)).toEqual([...figures.measures])
  expect([3, 7, 42, 180].map(roundUp)).toEqual([4, 10, 50, 200])
})

test('every post of a review is kept or ended, and then it is signed', async () => {
  const app = at('/oversight/reviews', 'people.review')
  await app.reads('Access reviews')
  await app.sees(/Overdue since/)
  await app.presses('Begin a review of Rosewood House')
  await app.reads('Access to Rosewood House')
  const sign = screen.getByRole('button', { name: 'Sign the review' })
  expect(sign).toBeDisabled()
  await app.presses('Keep Milo Kerr')
  await app.sees('1 post is left to decide.')
  await app.presses('End Ines Roy')
  const dialog = await screen.findByRole('dialog', { name: 'End the post of Ines Roy?' })
  expect(dialog).toHaveTextContent('2 posts below it would end too')
  await app.user.click(within(dialog).getByRole('button', { name: 'End' }))
  await app.types('Code', CODE)
  await waitFor(() => expect(screen.getByRole('button', { name: 'Sign the review' })).toBeEnabled())
  expect(world.oversight.review?.people.map((it) => it.verdict)).toEqual(['ended', 'kept'])
  await app.presses('Sign the review')
  await app.types('Code', CODE)
  await app.sees(/^Signed by Amara Osei/)
  expect(screen.queryByRole('button', { name: /^Keep/ })).toBeNull()
})

test('who made whose post is a picture whose branches shut, and a table that says the same', async () => {
  const app = at('/oversight/chains', 'people.read', 'people.review')
  await app.reads('Who gave whom their access')
  const living = world.posts.filter((it) => !it.ended)
  const list = await screen.findByRole('list', { name: 'Who gave whom their access' })
  const shown = within(list).getAllByRole('listitem').length
  expect(shown).toBe(living.length)
  expect(list.previousElementSibling?.querySelectorAll('path')).toHaveLength(
    living.filter((it) => living.some((one) => one.membership === it.parent)).length,
  )
  const [turn] = within(list).getAllByRole('button', { name: /^Hide who is below/ })
  if (turn) await app.user.click(turn)
  expect(within(list).getAllByRole('listitem').length).toBeLessThan(shown)
  await app.user.click(screen.getByText('Table'))
  const table = await screen.findByRole('table', { name: 'Who gave whom their access' })
  expect(within(table).getAllByRole('row')).toHaveLength(living.length + 1)
  expect(table).toHaveTextContent('Nobody: it is the first')
})

test('how long what is kept is said within the law, and what is not there is said not to be', async () => {
  const app = at('/oversight/keeping', 'organization.manage')
  await app.reads('Keeping and proof')
  await waitFor(() => expect(screen.getAllByText('Not set up')).toHaveLength(1))
  expect(screen.getByText('Failing')).toBeVisible()
  expect(screen.getByText(/A copy of everything, encrypted/)).toHaveTextContent('Last')
  const years = screen.getByLabelText('Patients’ records, in years')
  await app.user.clear(years)
  await app.user.type(years, '4')
  await app.presses('Save')
  await app.sees('A whole number from 5 to 100.')
  await app.user.clear(years)
  await app.user.type(years, '10')
  await app.presses('Save')
  await app.types('Code', CODE)
  await app.sees('Saved.')
  expect(world.oversight.keeping.records.years).toBe(10)
  expect(world.oversight.keeping.adult_years).toBe(18)
})
