import 'fake-indexeddb/auto'
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import type { Questionnaire } from '@/api/noteTypes'
import { makeTemplates, SHIFT } from '@/mocks/noteTemplates'
import { signedIn, world } from '@/mocks/world'
import { items } from '@/pages/notes/form'
import { drafts } from '@/session/drafts'
import { open } from '@/test/open'
import { addTo, move, moveTo, named, newItem, newOption, remove, retyped } from './shape'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const shift = makeTemplates().find((it) => it.url === SHIFT)?.questionnaire as Questionnaire
const order = (of: Questionnaire) => [...items(of)].map(({ item }) => item.linkId).join(' ')

describe('the shape of a template', () => {
  const GENERAL = 'general mood meals observations'
  const PAIN = 'pain-group pain pain-level weight seen-at'
  test('moving keeps everything, and goes over the edge of a section', () => {
    expect(order(shift)).toBe(`${GENERAL} ${PAIN}`)
    expect(order(move(shift, 'meals', -1))).toBe(`general meals mood observations ${PAIN}`)
    expect(order(move(shift, 'observations', 1))).toBe(
      'general mood meals pain-group observations pain pain-level weight seen-at',
    )
    expect(order(move(shift, 'mood', -1))).toBe(order(shift))
    expect(order(move(shift, 'general', 1))).toBe(`${PAIN} ${GENERAL}`)
  })
  test('dragging goes before another or into a section, never into itself', () => {
    expect(order(moveTo(shift, 'weight', { before: 'mood' }))).toBe(
      `general weight mood meals observations pain-group pain pain-level seen-at`,
    )
    expect(order(moveTo(shift, 'mood', { into: 'pain-group' }))).toBe(
      `general meals observations ${PAIN} mood`,
    )
    expect(moveTo(shift, 'general', { before: 'mood' })).toBe(shift)
    expect(moveTo(shift, 'general', { into: 'general' })).toBe(shift)
    expect(moveTo(shift, 'mood', { before: 'general' })).toBe(shift)
  })
  test('what asked for something that is gone is shown always', () => {
    const without = remove(shift, 'pain')
    expect(order(without)).toBe(`${GENERAL} pain-group pain-level weight seen-at`)
    expect([...items(without)].some(({ item }) => item.enableWhen)).toBe(false)
  })
  test('names say something, are used once, and stay when there already', () => {
    const twice = [1, 2].reduce(
      (of) => addTo(of, 'general', { ...newItem('text'), text: 'Wie geht’s?' }),
      shift,
    )
    expect(order(named(twice))).toBe(`${GENERAL} wie-geht-s wie-geht-s-2 ${PAIN}`)
    const option = { ...newOption(), valueCoding: { ...newOption().valueCoding, display: 'Très bien' } }
    const made = addTo(shift, 'general', { ...newItem(), text: 'Q', answerOption: [option, newOption()] })
    const item = [...items(named(made))].find(({ item: it }) => it.linkId === 'q')?.item
    expect(item?.answerOption?.map((it) => it.valueCoding?.code)).toEqual(['tres-bien'])
  })
  test('another type keeps what it can hold', () => {
    const mood = shift.item?.[0]?.item?.[0]
    if (!mood) throw new Error('no mood')
    expect(retyped(mood, 'open-choice').answerOption).toEqual(mood.answerOption)
    expect(retyped(mood, 'text').answerOption).toBeUndefined()
  })
})

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})
const type = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } })

test('a template is made with the preview beside it, faults are told where they are, and it is in use', async () => {
  const app = open(`/c/${CONTEXT}/note-templates`)
  await app.follows('New template')
  await app.reads('New template')
  type(screen.getByLabelText('Its name'), 'Night round')
  type(screen.getByLabelText('Name of the section'), 'Sleep')
  await app.presses(/^Without words yet/)
  expect(screen.getByLabelText('Question')).toHaveFocus()
  type(screen.getByLabelText('Question'), 'Slept')
  await app.presses('Publish')
  // Choices without words are none.
  await app.sees(/This template is not complete yet/)
  await app.sees('Add at least one choice.')
  await app.presses('Add a choice')
  await app.user.type(screen.getByLabelText('Choice 1'), 'Well{Enter}')
  await waitFor(() => expect(screen.getByLabelText('Choice 2')).toHaveFocus())
  await app.user.type(screen.getByLabelText('Choice 2'), 'Badly')
  await app.user.click(screen.getByLabelText('Needed before signing'))

  await app.presses('Add a question')
  type(screen.getByLabelText('Question'), 'Why')
  await app.user.selectOptions(screen.getByLabelText('Kind of answer'), 'text')
  await app.user.selectOptions(screen.getByLabelText('Shown'), 'When “Slept”')
  await app.user.selectOptions(screen.getByLabelText('When the answer'), 'is Badly')

  const preview = within(screen.getByRole('region', { name: 'Preview' }))
  expect(preview.queryByLabelText('Why')).toBeNull()
  await app.user.click(preview.getByLabelText('Badly'))
  expect(preview.getByLabelText('Why')).toBeVisible()

  await app.presses('Publish')
  await app.reads('Note templates')
  const made = world.notes.templates.at(-1)
  expect(made?.questionnaire).toMatchObject({
    title: 'Night round',
    status: 'active',
    code: [{ system: 'http://loinc.org', code: '34746-8' }],
    item: [
      {
        linkId: 'sleep',
        item: [
          { linkId: 'slept', required: true, answerOption: [{ valueCoding: { code: 'well' } }, {}] },
          {
            linkId: 'why',
            type: 'text',
            enableWhen: [{ question: 'slept', operator: '=', answerCoding: { code: 'badly' } }],
          },
        ],
      },
    ],
  })
}, 60_000)

test('a score is counted in the preview, with its bands', async () => {
  const app = open(`/c/${CONTEXT}/note-templates/edit`)
  await app.reads('New template')
  type(screen.getByLabelText('Name of the section'), 'Risk')
  await app.presses('Count a score here')
  type(screen.getByLabelText('Name of the score'), 'Risk score')
  await app.presses('Add a band')
  type(screen.getByLabelText('From, band 1'), '3')
  type(screen.getByLabelText('Words, band 1'), 'High')
  await app.user.click(screen.getByLabelText('Alert, band 1'))
  await app.presses(/^Without words yet/)
  type(screen.getByLabelText('Question'), 'Falls')
  type(screen.getByLabelText('Choice 1'), 'Often')
  type(screen.getByLabelText('Points of choice 1'), '4')
  const preview = within(screen.getByRole('region', { name: 'Preview' }))
  await app.user.click(preview.getByLabelText(/Often/))
  expect(preview.getByText('Risk score').closest('output')).toHaveTextContent('Risk score4High')
}, 60_000)

test('a standard template becomes the next version, moved by keys, and changes come back after a crash', async () => {
  const app = open(`/c/${CONTEXT}/note-templates`)
  await app.follows('Change Shift note')
  await app.sees('This makes version 2. Notes already signed keep theirs.')
  await app.presses('Move Observations up')
  await new Promise((resolve) => setTimeout(resolve, 900))
  cleanup()
  drafts.clear()
  const again = open(`/c/${CONTEXT}/note-templates/edit?of=${encodeURIComponent(`${SHIFT}|1`)}`)
  await again.sees(/Changes that you had not saved are back/)
  await again.presses('Save as a draft')
  await again.reads('Note templates')
  await again.sees(/Version 2 is a draft/)
  const made = world.notes.templates.at(-1)
  expect(made).toMatchObject({ url: SHIFT, version: '2', status: 'draft', standard: false })
  expect(made?.questionnaire.item?.[0]?.item?.map((it) => it.linkId)).toEqual([
    'mood',
    'observations',
    'meals',
  ])
}, 60_000)

test('retiring asks first', async () => {
  const app = open(`/c/${CONTEXT}/note-templates`)
  await app.presses('Retire Shift note')
  const dialog = within(await screen.findByRole('dialog'))
  await app.user.click(dialog.getByRole('button', { name: 'Retire' }))
  await app.sees('Shift note is retired.')
  expect(world.notes.templates.find((it) => it.url === SHIFT)?.status).toBe('retired')
})
