import { screen } from '@testing-library/react'
import { desk, makeSheet } from '@/mocks/imports'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { letterOf } from './words'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000005'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  desk.said = null
  desk.rows = []
  desk.columns = {
    columns: [
      { heading: 'Nr', samples: ['7', '8'], field: null },
      { heading: 'Name', samples: ['Ann Ash'], field: 'name' },
    ],
    fields: [
      { field: 'id', needed: 0 },
      { field: 'last_name', needed: 1 },
      { field: 'name', needed: 1 },
    ],
    dates: 'month-first',
    source: 'spreadsheet',
    remembered: false,
  }
})

function at(path: string, ...permissions: string[]) {
  const post = world.memberships[0]
  if (post) post.permissions = ['chart.read', ...permissions]
  return open(`/c/${CONTEXT}${path}`)
}

test('whoever may not import has no way to it', async () => {
  const app = at('/', 'people.read')
  await screen.findByRole('link', { name: 'People' })
  expect(screen.queryByRole('link', { name: 'Import' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/imports', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(world.asked).not.toContain('GET /api/imports')
})

test('nothing is checked before a column is what every row needs', async () => {
  const sheet = makeSheet()
  desk.sheet = sheet
  const app = at(`/imports/${sheet.import}`, 'sheets.import')
  await app.sees('Still needed: Identifier.')
  expect(screen.getByRole('button', { name: 'Check the rows' })).toBeDisabled()
  await app.user.selectOptions(screen.getByLabelText('Nr becomes'), 'Identifier')
  await app.presses('Check the rows')
  await screen.findByRole('button', { name: 'Import 2 rows' })
  expect(desk.said).toEqual({ fields: ['id', 'name'], dates: 'month-first', source: 'spreadsheet' })
})

test('a field stands in one column: where it was, it is no more', async () => {
  const sheet = makeSheet()
  desk.sheet = sheet
  const app = at(`/imports/${sheet.import}`, 'sheets.import')
  await app.user.selectOptions(await screen.findByLabelText('Nr becomes'), 'Whole name')
  expect(screen.getByLabelText('Name becomes')).toHaveValue('')
})

test('faults are told by row and column, and who may be here already is a link away', async () => {
  const sheet = makeSheet({
    state: 'checked',
    created: 2,
    faulty: 1,
    alike: 1,
    faults: [{ column: 3, field: 'birth_date', fault: 'short-year', rows: 1 }],
  })
  desk.sheet = sheet
  const row = { record: null, alike: [], differs: [], undone: null, faults: [] }
  desk.rows = [
    { ...row, row: 4, outcome: 'fault', faults: [{ column: 3, field: 'birth_date', fault: 'short-year' }] },
    { ...row, row: 2, outcome: 'created', alike: ['0195f2a0-0000-7000-8000-00000000000a'] },
  ]
  const app = at(`/imports/${sheet.import}`, 'sheets.import')
  await app.sees('Row 4')
  expect(screen.getAllByText('Birth date: the year needs four digits')).toHaveLength(2)
  await app.user.selectOptions(screen.getByLabelText('Which rows'), 'Maybe here already (1)')
  const other = await screen.findByRole('link', { name: /may be the same as row 2/ })
  expect(other).toHaveAttribute('href', expect.stringContaining('00000000000a'))
})

test('undoing is asked for twice, and says what stays', async () => {
  const sheet = makeSheet({ state: 'done', created: 2 })
  desk.sheet = sheet
  const app = at(`/imports/${sheet.import}`, 'sheets.import')
  await app.presses('Undo the import')
  await app.presses('Undo it')
  await app.sees(/1 record stays/)
})

test('columns are called as spreadsheet programs call them', () => {
  expect([0, 25, 26, 27, 701, 702].map(letterOf)).toEqual(['A', 'Z', 'AA', 'AB', 'ZZ', 'AAA'])
})
