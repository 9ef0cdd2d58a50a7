import { screen, waitFor, within } from '@testing-library/react'
import { doneExport, makeExport } from '@/mocks/exports'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000005'

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
const cards = () => screen.findAllByRole('article')

test('whoever may not take records out has no way to it', async () => {
  const app = at('/', 'people.read')
  await screen.findByRole('link', { name: 'People' })
  expect(screen.queryByRole('link', { name: 'Exports' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/exports', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(world.asked).not.toContain('GET /api/exports')
})

test('an export is asked for with proof, and is then seen to wait', async () => {
  const app = at('/', 'chart.export')
  await app.follows('Exports')
  await app.reads('Exports')
  await app.sees('You have not taken anything out in the last week.')
  await app.user.click(screen.getByLabelText('Records of patients only'))
  await app.types('Only what changed since', '2026-11-01')
  await app.presses('Start the export')
  await app.sees(/before we take records out in bulk/)
  expect(world.exports).toEqual([])
  await app.types('Code', CODE)
  const news = await app.sees(/The export has begun/)
  await waitFor(() => expect(document.activeElement).toContainElement(news))
  const [card] = await cards()
  expect(card).toHaveTextContent(/Waiting.*Records of patients only.*Changed since/)
  expect(world.exports[0]?.since).toBe(new Date('2026-11-01T00:00:00').toISOString())
})

test('one at work says how far it is, and is cancelled', async () => {
  world.exports = [makeExport({ state: 'running', types_done: 40, records: 12_345 })]
  const app = at('/exports', 'chart.export')
  const [card] = await cards()
  expect(card).toHaveTextContent(/At work.*40 of 146 kinds of record, 12,345 records so far/)
  await app.presses('Cancel it')
  await app.sees('The export is cancelled.')
  await app.sees('It was cancelled, and its files were deleted.')
  expect(screen.queryByRole('button', { name: 'Cancel it' })).toBeNull()
})

test('the files of one that is done are saved one by one, and deleted', async () => {
  const saved: string[] = []
  URL.createObjectURL = () => 'blob:saved'
  URL.revokeObjectURL = () => {}
  HTMLAnchorElement.prototype.click = function () {
    saved.push(this.download)
  }
  world.exports = [doneExport('Observation', 'Observation', 'Patient')]
  const app = at('/exports', 'chart.export')
  const [card] = await cards()
  expect(card).toHaveTextContent(/Ready.*Files are kept until.*1200 records, 1.5 MB/)
  const files = within(card as HTMLElement).getByRole('list', { name: 'Files' })
  expect(within(files).getAllByRole('listitem')).toHaveLength(3)
  await app.presses('Download Patient')
  await waitFor(() => expect(saved).toEqual(['Patient.ndjson']))
  // Its day is over while the page is open.
  Object.assign(world.exports[0] ?? {}, { state: 'ended', reason: 'expired' })
  await app.presses('Download Observation, part 2')
  await app.sees(/It could not be downloaded/)
  await app.presses('Delete the files now')
  await app.sees('It was over already.')
  await app.sees('Its files were kept for a day and have been deleted.')
})

test('when as many wait as may it is said', async () => {
  world.exports = Array.from({ length: 5 }, () => makeExport())
  const app = at('/exports', 'chart.export')
  await app.presses('Start the export')
  await app.types('Code', CODE)
  await app.sees(/As many exports of your organization wait as may/)
  expect(await cards()).toHaveLength(5)
})
