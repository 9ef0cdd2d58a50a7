import 'fake-indexeddb/auto'
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { SHIFT } from '@/mocks/noteTemplates'
import { patientId } from '@/mocks/records'
import { CODE, signedIn, world } from '@/mocks/world'
import { drafts } from '@/session/drafts'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const OLIVE = patientId(2)
const NOTES = `/c/${CONTEXT}/patients/${OLIVE}/notes`

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const type = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } })
const words = () => screen.findByLabelText('Observations')
const draft = () => {
  const found = world.notes.drafts.at(-1)
  if (!found) throw new Error('no draft')
  return found
}
const textOf = (linkId: string) => draft().answers[linkId]?.[0]?.valueString
const saved = () => screen.findByText(/^Saved /, {}, { timeout: 8_000 })

async function begin(title = 'Shift note') {
  const app = open(NOTES)
  await app.presses('New note')
  await app.user.click(await screen.findByRole('option', { name: new RegExp(`^${title}`) }))
  await screen.findByRole('heading', { level: 2, name: title })
  return app
}

async function sign(app: Awaited<ReturnType<typeof begin>>) {
  await app.presses(/^Review and sign/)
  await waitFor(() => expect(screen.getByRole('button', { name: 'Sign' })).toBeEnabled(), { timeout: 8_000 })
  await app.presses('Sign')
  await app.sees('The note is signed.')
}

test('a note is begun by keyboard, with the template used last on top', async () => {
  const app = open(NOTES)
  await app.presses('New note')
  const field = await screen.findByRole('combobox', { name: 'Type a few letters of its name' })
  await screen.findByRole('option', { name: 'Shift note' })
  await app.user.type(field, 'shif{Enter}')
  await words()
  expect(draft().template.url).toBe(SHIFT)
  await app.presses('More')
  await app.user.click(await screen.findByRole('menuitem', { name: 'All notes' }))
  await app.sees('Being written')
  await app.presses('New note')
  const options = () => within(screen.getByRole('listbox')).getAllByRole('option')
  await waitFor(() => expect(options()[1]).toHaveTextContent('Shift noteused last'))
  // Enter takes the template; what is unfinished stands above it.
  const chosen = within(screen.getByRole('listbox')).getByRole('option', { selected: true })
  expect(chosen).toHaveTextContent('Shift note')
  expect(options()[0]).toHaveTextContent('Last saved')
})

test('what is typed is saved by itself, and the line says so', async () => {
  await begin()
  type(await words(), 'Ate well')
  await screen.findByText('Not saved yet')
  await saved()
  expect(textOf('observations')).toBe('Ate well')
  expect(world.notes.saves).toBe(1)
})

test('conditions open and close, bounds are told, and scores come out as the server counts them', async () => {
  const app = await begin()
  expect(screen.queryByLabelText(/How much/)).toBeNull()
  await app.user.click(within(screen.getByRole('group', { name: 'In pain' })).getByLabelText('Yes'))
  const level = await screen.findByLabelText(/How much/)
  type(level, '12')
  await app.sees('Between 0 and 10.')
  await app.presses(/^Review and sign/)
  expect(level).toHaveFocus()
  type(level, '4')
  await saved()
  expect(draft().answers['pain-level']).toEqual([{ valueInteger: 4 }])
  // Chosen again, a choice is taken back.
  const mood = within(screen.getByRole('group', { name: /^Mood/ }))
  await app.user.click(mood.getByLabelText('Low'))
  expect(mood.getByLabelText('Low')).toBeChecked()
  await app.user.click(mood.getByLabelText('Low'))
  expect(mood.getByLabelText('Low')).not.toBeChecked()
})

test('a score waits for its answers, and a template that asks has it proven who signs', async () => {
  const app = await begin('Skin and pressure')
  await app.sees('Waits for its answers')
  await app.user.click(screen.getByLabelText(/Constantly moist/))
  await app.user.click(screen.getByLabelText(/Bedfast/))
  const score = screen.getByText('Risk score').closest('output')
  expect(score).toHaveTextContent('Risk score2High risk')
  await app.presses(/^Review and sign/)
  await app.sees('Risk score: 2 (High risk)')
  await app.presses('Sign')
  await app.sees(/sign a note/)
  await app.types('Code', CODE)
  await app.sees('The note is signed.')
})

test('what is needed is listed and linked; then the note is signed, read, added to and corrected', async () => {
  const app = await begin()
  type(await words(), 'Slept badly')
  await app.presses('Attach vitals and medications as they are now')
  await app.sees('82 /min')
  await app.presses(/^Review and sign/)
  await app.sees('Still needed')
  expect(screen.getByRole('button', { name: 'Sign' })).toBeDisabled()
  await app.presses('Mood')
  const mood = within(await screen.findByRole('group', { name: /^Mood/ }))
  expect(mood.getByLabelText('Calm')).toHaveFocus()
  await app.sees('This is needed before the note can be signed.')
  await app.user.click(mood.getByLabelText('Calm'))
  await sign(app)
  expect(app.path()).toMatch(/\/notes\/[0-9a-f-]{36}$/)
  expect(screen.getByText('Observations: Slept badly')).toBeVisible()
  expect(screen.getByText(/Unchanged since it was signed/)).toBeVisible()

  await app.presses('Add an addendum')
  type(screen.getByLabelText('Addendum'), 'Daughter called.')
  await app.presses('Sign the addendum')
  await app.sees('Daughter called.')

  await app.presses('Correct')
  await app.presses('Open the correction')
  await app.sees(/This corrects a signed note/)
  type(await words(), 'Slept well')
  await app.presses(/^Review and sign/)
  await waitFor(() => expect(screen.getByRole('button', { name: 'Sign the correction' })).toBeEnabled(), {
    timeout: 8_000,
  })
  await app.presses('Sign the correction')
  await app.sees('Say why, please.')
  type(screen.getByLabelText(/Why is it corrected/), 'Wrong resident')
  await app.presses('Sign the correction')
  await app.sees('This corrects an earlier note.')
  expect(world.notes.signed.at(-1)?.reason).toBe('Wrong resident')
  await app.follows('Read the old text')
  await app.sees('Observations: Slept badly')
  await app.sees(/A correction has taken the place of this note/)
  expect(screen.queryByRole('button', { name: 'Correct' })).toBeNull()
  await app.follows('All notes')
  await app.sees('Replaced by a correction')
}, 60_000)

test('a new note opens as last time, says so, shows what changed, and goes back in one click', async () => {
  const app = await begin()
  type(await words(), 'Ate all of it')
  await app.user.click(screen.getByLabelText('Calm'))
  await sign(app)
  await app.follows('All notes')
  await app.presses('New note')
  await app.user.click(await screen.findByRole('option', { name: /^Shift note/ }))
  const field = await words()
  expect(field).toHaveValue('Ate all of it')
  expect(screen.getAllByText(/^As last time \(/)).toHaveLength(2)
  type(field, 'Ate half of it')
  expect(screen.getAllByText(/^As last time \(/)).toHaveLength(1)
  await app.user.click(screen.getByText(/^What changed since/))
  expect(await screen.findByText('all', { selector: 'del' })).toBeVisible()
  expect(screen.getByText('half', { selector: 'ins' })).toBeVisible()
  await app.presses('Observations: back to last time')
  expect(field).toHaveValue('Ate all of it')
}, 60_000)

test('without the server the words are kept, come back after a crash, and are saved then', async () => {
  const app = await begin()
  world.notes.down = true
  type(await words(), 'Fell at 4 PM')
  await screen.findByText(/kept on this device, sealed/, {}, { timeout: 8_000 })
  const path = app.path()
  expect(textOf('observations')).toBeUndefined()
  // As a crash: nothing of this page's memory is there any more.
  cleanup()
  drafts.clear()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  world.notes.down = false
  open(path)
  expect(await screen.findByLabelText('Observations')).toBeVisible()
  await screen.findByText(/had not been saved. They are back./)
  expect(screen.getByLabelText('Observations')).toHaveValue('Fell at 4 PM')
  await saved()
  expect(textOf('observations')).toBe('Fell at 4 PM')
}, 60_000)

test('locked while typing: the words are there again after signing in', async () => {
  const app = await begin()
  type(await words(), 'Before the lock')
  await app.presses('Account of Amara Osei')
  await app.user.click(await screen.findByRole('menuitem', { name: /^Lock/ }))
  await app.reads('Locked')
  expect(screen.queryByText('Before the lock')).toBeNull()
  await waitFor(() => expect(world.session).toBeNull())
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.types('Code', CODE)
  expect(await words()).toHaveValue('Before the lock')
  await saved()
  expect(textOf('observations')).toBe('Before the lock')
}, 60_000)

test('two write the same draft: what does not overlap is joined, what does stands side by side', async () => {
  const app = await begin()
  const theirs = (answers: object) =>
    Object.assign(draft(), {
      answers: { ...draft().answers, ...answers },
      version: draft().version + 1,
      saved_by: { membership: 9, name: 'Pia Brandt' },
    })
  theirs({ meals: [{ valueCoding: { code: 'half', display: 'Half' } }] })
  type(await words(), 'Mine')
  await app.sees('Pia Brandt changed this note meanwhile: Meals. Both are in it now.')
  await waitFor(() => expect(textOf('observations')).toBe('Mine'), { timeout: 8_000 })
  await app.presses('All right')

  theirs({ observations: [{ valueString: 'Theirs' }] })
  type(await words(), 'Mine too')
  await app.sees('Pia Brandt wrote something else here')
  const field = screen.getByLabelText('Observations')
  expect(field).toHaveValue('Mine too')
  expect(textOf('observations')).toBe('Theirs')
  await app.presses(/^Review and sign/)
  expect(screen.getByRole('button', { name: 'Observations: Keep mine' })).toHaveFocus()
  await app.presses('Observations: Keep both')
  expect(field).toHaveValue('Theirs\nMine too')
  await waitFor(() => expect(textOf('observations')).toBe('Theirs\nMine too'), { timeout: 8_000 })
}, 60_000)

test('a save whose answer was lost on the way is nobody else’s word, now and after a crash', async () => {
  await begin()
  world.notes.loses = 1
  type(await words(), 'One')
  await waitFor(() => expect(world.notes.saves).toBe(1), { timeout: 8_000 })
  type(await words(), 'One two')
  await waitFor(() => expect(textOf('observations')).toBe('One two'), { timeout: 10_000 })
  expect(screen.queryByText(/wrote something else/)).toBeNull()
  await saved()

  world.notes.loses = 1
  type(await words(), 'One two three')
  await waitFor(() => expect(textOf('observations')).toBe('One two three'), { timeout: 8_000 })
  world.notes.down = true
  type(await words(), 'One two three four')
  await new Promise((resolve) => setTimeout(resolve, 600))
  cleanup()
  drafts.clear()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  world.notes.down = false
  open(`${NOTES}/drafts/${draft().id}`)
  await waitFor(() => expect(textOf('observations')).toBe('One two three four'), { timeout: 10_000 })
  expect(screen.queryByText(/wrote something else/)).toBeNull()
}, 60_000)

test('signed meanwhile: it says so, links there, and unsaved words can become an addendum', async () => {
  const app = await begin()
  await app.user.click(screen.getByLabelText('Calm'))
  await saved()
  const id = draft().id
  const answer = await fetch(`http://localhost:3000/api/note-drafts/${id}/sign`, {
    method: 'POST',
    headers: {
      'Lamplight-Context': CONTEXT,
      'If-Match': `W/"${draft().version}"`,
      'Content-Type': 'application/json',
    },
    body: '{}',
  })
  expect(answer.status).toBe(201)
  type(await words(), 'Too late')
  await app.sees(/This note was signed meanwhile/)
  await app.sees('Observations: Too late')
  await app.presses('Make it an addendum')
  await app.sees('The addendum is signed.')
  expect(world.notes.signed.at(-1)?.addenda.map((it) => it.text)).toEqual(['Observations: Too late'])
  await app.follows('Open the signed note')
  await screen.findByRole('heading', { name: 'Addenda' })
  // The draft's own address leads there, too.
  await act(() => app.router.navigate({ href: `${NOTES}/drafts/${id}` }))
  await app.sees('Mood: Calm')
}, 60_000)

test('one’s unfinished notes are one click from where one begins', async () => {
  await begin()
  cleanup()
  const app = open(`/c/${CONTEXT}/`)
  await app.sees('Your unfinished notes')
  await app.follows('Continue Shift note about Olive Kowalczyk')
  expect(await words()).toBeVisible()
})

test('Ctrl+S saves at once, Ctrl+Enter reviews', async () => {
  const app = await begin()
  type(await words(), 'Quick')
  await app.user.keyboard('{Control>}s{/Control}')
  await waitFor(() => expect(textOf('observations')).toBe('Quick'), { timeout: 1_000 })
  await app.user.keyboard('{Control>}{Enter}{/Control}')
  await app.sees('As it will be signed')
})

test('a draft is discarded only when said twice', async () => {
  const app = await begin()
  await app.presses('More')
  await app.user.click(await screen.findByRole('menuitem', { name: 'Discard draft' }))
  const dialog = within(await screen.findByRole('dialog'))
  await app.user.click(dialog.getByRole('button', { name: 'Discard draft' }))
  await waitFor(() => expect(world.notes.drafts).toEqual([]))
  await screen.findByRole('heading', { level: 2, name: 'Notes' })
})

test('who may not write notes has no button, no drafts and no such page', async () => {
  for (const it of world.memberships)
    it.permissions = it.permissions.filter((one) => !/^(notes|templates)\./.test(one))
  const app = open(NOTES)
  await screen.findByRole('heading', { level: 2, name: 'Notes' })
  expect(screen.queryByRole('button', { name: 'New note' })).toBeNull()
  expect(screen.queryByRole('link', { name: 'Note templates' })).toBeNull()
  expect(world.asked.some((it) => it.includes('note-drafts'))).toBe(false)
  await act(() => app.router.navigate({ href: `${NOTES}/drafts/${crypto.randomUUID()}` }))
  await app.reads('There is no such page')
  await act(() => app.router.navigate({ href: `/c/${CONTEXT}/note-templates` }))
  await app.reads('There is no such page')
})
