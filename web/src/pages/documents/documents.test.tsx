import { act, fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type MockFile, referenceOf } from '@/mocks/documents'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'
import { faultOf, titleOf } from './uploads'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const OLIVE = patientId(2)

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = () => open(`/c/${CONTEXT}/patients/${OLIVE}/documents`)
const file = (name: string, type: string, text: string) => new File([text], name, { type })
const PDF = file('Blood_count.pdf', 'application/pdf', '%PDF-1.7 a count')

async function choose(...files: File[]) {
  await screen.findByRole('button', { name: 'Add files' })
  const input = document.querySelector<HTMLInputElement>('input[type=file][multiple]')
  await userEvent.upload(input as HTMLInputElement, files, { applyAccept: false })
}

/** A file that is in the chart already. */
function filed(
  title: string,
  contentType: string,
  text: string,
  category: MockFile['said']['category'] = 'other',
) {
  const made: MockFile = {
    document: crypto.randomUUID(),
    state: 'clean',
    reason: null,
    patient: OLIVE,
    bytes: new TextEncoder().encode(text).buffer as ArrayBuffer,
    said: {
      file_name: `${title}.bin`,
      content_type: contentType,
      size: text.length,
      sha256: '',
      title,
      category,
      date: '2026-03-01',
    },
  }
  world.files.push(made)
  world.records.push(referenceOf(made))
  return made
}

test('a file is chosen, named, sent and listed', async () => {
  const app = at()
  // The first page of all is loaded, too.
  await screen.findByRole('button', { name: 'Add files' }, { timeout: 25_000 })
  await app.sees(/No files yet/)
  await choose(PDF)
  const dialog = await screen.findByRole('dialog', { name: 'About this file' })
  expect(within(dialog).getByLabelText('Title')).toHaveValue('Blood count')
  await userEvent.selectOptions(within(dialog).getByLabelText('Kind'), 'Laboratory report')
  await userEvent.click(within(dialog).getByRole('button', { name: 'Add it' }))
  await screen.findByText('Added')
  const open = await screen.findByRole('button', { name: 'Open Blood count' })
  expect(open.closest('li')).toHaveTextContent(/Laboratory report.*Head nurse.*1 KB/)
  expect(world.files[0]?.said).toMatchObject({ category: 'laboratory', size: PDF.size })
  expect(world.asked.filter((it) => it.includes('documents') || it.includes('uploads')).join()).not.toContain(
    '?',
  )
})

test('what is not taken is said at once, and what the check finds when it is found', async () => {
  const app = at()
  await app.sees(/No files yet/)
  await choose(file('a.svg', 'image/svg+xml', '<svg/>'), file('b.txt', 'text/plain', ''))
  await app.sees(/a.svg is of a kind that is not taken/)
  await app.sees('b.txt is empty.')
  expect(screen.queryByRole('dialog')).toBeNull()
  await choose(file('page.txt', 'text/plain', '<html>'), file('virus.txt', 'text/plain', 'EICAR'))
  await userEvent.click(await screen.findByRole('button', { name: 'Add all 2' }))
  await app.sees(/is not what its name says it is/)
  await app.sees(/A virus was found/)
  expect(screen.queryByRole('button', { name: /Try again/ })).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'Clear the list' }))
  expect(screen.queryByText(/A virus was found/)).toBeNull()
})

test('what cannot be checked now is tried again', async () => {
  world.noScanner = true
  const app = at()
  await app.sees(/No files yet/)
  await choose(PDF)
  await userEvent.click(await screen.findByRole('button', { name: 'Add it' }))
  await app.sees(/cannot be checked for viruses just now/)
  world.noScanner = false
  await userEvent.click(screen.getByRole('button', { name: 'Try again with Blood count' }))
  await screen.findByRole('button', { name: 'Open Blood count' })
})

test('a file on its way is cancelled', async () => {
  let go = () => {}
  world.slow = null
  const app = at()
  await app.sees(/No files yet/)
  world.slow = new Promise((resolve) => {
    go = resolve
  })
  await choose(PDF)
  await userEvent.click(await screen.findByRole('button', { name: 'Add it' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel Blood count' }))
  await app.sees('Cancelled')
  go()
  world.slow = null
  expect(world.records.some((it) => it.text.includes('Blood count'))).toBe(false)
})

test('files dragged onto the page are taken, other things are not', async () => {
  const app = at()
  await app.sees(/No files yet/)
  fireEvent.dragEnter(window, { dataTransfer: { types: ['text/plain'], files: [] } })
  expect(screen.queryByText(/Drop the files here/)).toBeNull()
  fireEvent.dragEnter(window, { dataTransfer: { types: ['Files'], files: [] } })
  await app.sees(/Drop the files here/)
  fireEvent.drop(window, { dataTransfer: { types: ['Files'], files: [PDF] } })
  await screen.findByRole('dialog', { name: 'About this file' })
  expect(screen.queryByText(/Drop the files here/)).toBeNull()
})

test('many are looked for by title and kind', async () => {
  for (const n of [1, 2, 3, 4, 5]) filed(`Letter ${n}`, 'text/plain', 'words', 'letter')
  filed('Blood count', 'text/plain', 'words', 'laboratory')
  const app = at()
  await screen.findByRole('button', { name: 'Open Letter 5' })
  await app.types('Find in titles', 'BLOOD')
  await waitFor(() => expect(screen.getAllByRole('button', { name: /^Open/ })).toHaveLength(1))
  await userEvent.selectOptions(screen.getByLabelText('Kind'), 'Letter')
  await app.sees('No file fits.')
})

test('a text is shown as text, whatever stands in it, and a kind without a preview is offered to be saved', async () => {
  filed('Note', 'text/plain', '5 <b>mg</b> <script>alert(1)</script>')
  filed('Scan', 'image/tiff', 'II*')
  const app = at()
  await userEvent.click(await screen.findByRole('button', { name: 'Open Note' }))
  const text = await screen.findByText(/5 <b>mg<\/b> <script>/)
  expect(text.tagName).toBe('PRE')
  await userEvent.keyboard('{Escape}')
  await userEvent.click(await screen.findByRole('button', { name: 'Open Scan' }))
  await app.sees(/cannot be shown here/)
  expect(screen.getAllByRole('button', { name: 'Download Scan' }).length).toBeGreaterThan(0)
})

test('a PDF is drawn in a frame that may do nothing else', async () => {
  filed('Report', 'application/pdf', '%PDF-1.7')
  at()
  await userEvent.click(await screen.findByRole('button', { name: 'Open Report' }))
  const frame = await screen.findByTitle('What is in Report')
  expect(frame).toHaveAttribute('sandbox', 'allow-scripts')
  expect(frame).toHaveAttribute('src', '/preview')
})

test('a file in the wrong chart is marked, with the reason, and stays', async () => {
  filed('Blood count', 'text/plain', 'a count')
  const app = at()
  await app.presses('Entered in error? Blood count')
  const dialog = await screen.findByRole('dialog', { name: 'Mark “Blood count” as entered in error?' })
  await app.user.click(within(dialog).getByRole('button', { name: 'Mark it' }))
  await app.sees('Please say what was wrong: it stays in the record.')
  await app.user.type(within(dialog).getByLabelText('What was wrong'), 'It is of her sister.')
  await app.user.click(within(dialog).getByRole('button', { name: 'Mark it' }))
  await app.sees('Entered in error: It is of her sister.')
  expect(screen.queryByRole('button', { name: 'Entered in error? Blood count' })).toBeNull()
  expect(screen.getByRole('button', { name: 'Open Blood count' })).toBeInTheDocument()
})

test('who may not write adds nothing, and files are no notes', async () => {
  world.memberships = world.memberships.map((it) => ({
    ...it,
    permissions: it.permissions.filter((one) => one !== 'chart.write'),
  }))
  filed('Report', 'application/pdf', '%PDF-1.7')
  const app = at()
  await screen.findByRole('button', { name: 'Open Report' })
  expect(screen.queryByRole('button', { name: 'Add files' })).toBeNull()
  await act(() => app.router.navigate({ href: `/c/${CONTEXT}/patients/${OLIVE}/notes` }))
  await app.sees('There are no notes yet.')
})

test('names of files become titles', () => {
  expect(titleOf(file('Blood_count.v2.pdf', '', ''))).toBe('Blood count.v2')
  expect(faultOf(file('a.heic', '', 'x'))).toBeNull()
  expect(faultOf(file('a.exe', 'application/x-msdownload', 'x'))).toBe('wrongType')
})
