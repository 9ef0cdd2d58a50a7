import { act, screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'
const WALTER = patientId(1)
const OLIVE = patientId(2)

// The first page of all is loaded, too.

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = (patient: string, section = '') =>
  open(`/c/${CONTEXT}/patients/${patient}${section && `/${section}`}`)
const banner = () => screen.findByRole('region', { name: 'Patient' })
const vitalsOf = (patient: string) =>
  world.records.filter((it) => it.type === 'Observation' && it.text.includes(patient)).length
const textOf = (type: string, part: string) =>
  world.records.find((it) => it.type === type && it.text.includes(part))
const types = async (app: ReturnType<typeof at>, values: Record<string, string>) => {
  for (const [label, value] of Object.entries(values)) await app.types(label, value)
}
const PRESSURE = { 'BP, systolic': '131', 'BP, diastolic': '74' }

test('the banner says what must be known before anything is done, in every section', async () => {
  const app = at(WALTER)
  const before = await banner()
  expect(before).toHaveTextContent(/Walter Ashdown.*8\d years.*born Mar 9, 1941.*Male.*Room 12/)
  expect(before).toHaveTextContent('Allergies: Penicillin (severe)')
  expect(before).toHaveTextContent('Code status: Do not resuscitate')
  expect(before).toHaveTextContent('Fall risk: walker')
  await app.follows('Coverage')
  await app.sees('Medicare')
  expect(await banner()).toHaveTextContent('Allergies: Penicillin (severe)')
})

test('none known, none recorded, and hidden are three different things', async () => {
  const none = at(patientId(3))
  await none.reads('Ines Marchetti')
  expect(await banner()).toHaveTextContent('No known allergies')
  await act(() => none.router.navigate({ href: `/c/${CONTEXT}/patients/${OLIVE}` }))
  await none.reads('Olive Kowalczyk')
  expect(await banner()).toHaveTextContent('No allergies recorded: nobody has said whether there are any')
  expect(await banner()).toHaveTextContent('Code status not recorded')
})

test('what a role does not see has no section, no banner line and no request', async () => {
  world.hiddenTypes = ['AllergyIntolerance', 'Coverage']
  world.refusedTypes = ['Immunization']
  const app = at(WALTER)
  await app.reads('Walter Ashdown')
  const nav = screen.getByRole('navigation', { name: 'Sections of the chart' })
  await waitFor(() => expect(within(nav).queryByRole('link', { name: 'Immunizations' })).toBeNull())
  expect(within(nav).getByRole('link', { name: 'Vitals' })).toBeVisible()
  expect(within(nav).queryByRole('link', { name: 'Allergies' })).toBeNull()
  expect(within(nav).queryByRole('link', { name: 'Coverage' })).toBeNull()
  expect(await banner()).not.toHaveTextContent(/llerg/)
  expect(world.searched.some((it) => /^(AllergyIntolerance|Coverage)/.test(it))).toBe(false)
  for (const section of ['allergies', 'coverage', 'immunizations', 'nonsense']) {
    await act(() => app.router.navigate({ href: `/c/${CONTEXT}/patients/${WALTER}/${section}` }))
    await app.reads('There is no such page')
  }
})

test('a patient out of reach is not there, and nothing more is asked about them', async () => {
  const app = at(patientId(77))
  await app.reads('There is no such page')
  expect(world.searched).toEqual([])
})

test('the newest of every kind stand in one line of time', async () => {
  const app = at(WALTER)
  await app.sees('Shift note, day shift')
  const line = screen.getByRole('list', { name: 'What happened lately' })
  const items = within(line).getAllByRole('link')
  expect(items.map((it) => it.textContent)).toEqual([
    'Shift note, day shift',
    'Blood pressure 139/77 mmHg, Pulse 82 /min, Temperature 98.1 °F, Weight 81.7 kg',
    'Blood pressure 144/80 mmHg, Pulse 88 /min',
    'amlodipine 5 MG Oral Tablet',
    'Essential hypertension',
  ])
  await app.user.click(items[0] as HTMLElement)
  await app.sees('Ate well & drank well.')
})

test('vitals are typed, sent as one, and stand in the chart', async () => {
  const app = at(WALTER, 'vitals')
  await app.presses('Chart vitals')
  expect(screen.getByLabelText('BP, systolic')).toHaveFocus()
  await types(app, { ...PRESSURE, Pulse: '118', Temperature: '99.0' })
  // The unit goes on from the last time.
  expect(screen.getByLabelText('Unit of temperature')).toHaveDisplayValue('°F')
  await app.sees('Unusual: please check it.')
  let go = () => {}
  world.slow = new Promise((resolve) => {
    go = resolve
  })
  await app.presses('Save vitals')
  const table = screen.getByRole('table')
  const pending = (await within(table).findByText('Saving…')).closest('tr')
  expect(pending).toHaveTextContent(/131\/74.*118.*high.*99\.0 °F/)
  go()
  await app.sees('The vitals are saved.')
  expect(screen.queryByText('Saving…')).toBeNull()
  expect(within(table).getByText('131/74')).toBeVisible()
  expect(world.bundles).toHaveLength(1)
  expect(world.bundles[0]).toContain('"value":99.0')
  expect(vitalsOf(WALTER)).toBe(7 + 3)
})

test('a double click, and an answer lost on the way, write once', async () => {
  const app = at(OLIVE, 'vitals')
  await app.presses('Chart vitals')
  await types(app, { ...PRESSURE, Pulse: '82' })
  world.losesAnswers = 1
  await app.user.dblClick(screen.getByRole('button', { name: 'Save vitals' }))
  await app.sees(/may or may not have been saved/)
  expect(screen.getByLabelText('Pulse')).toHaveValue('82')
  expect(screen.queryByText('Saving…')).toBeNull()
  await app.presses('Try again')
  await app.sees('The vitals are saved.')
  expect(world.bundles).toHaveLength(2)
  expect(vitalsOf(OLIVE)).toBe(2)
})

test('refused: nothing is shown as saved, and what was typed is still there', async () => {
  const app = at(OLIVE, 'vitals')
  await app.presses('Chart vitals')
  await types(app, { Pulse: '82' })
  world.refusesWrites = true
  await app.presses('Save vitals')
  await app.sees(/This was not saved/)
  expect(screen.getByLabelText('Pulse')).toHaveValue('82')
  expect(screen.queryByRole('table')).toBeNull()
})

test('what cannot be is not sent, and the field is gone to', async () => {
  const app = at(OLIVE, 'vitals')
  await app.presses('Chart vitals')
  await app.presses('Save vitals')
  await app.sees('Nothing is typed yet.')
  await types(app, { 'BP, systolic': '1280', Pulse: '82' })
  await app.presses('Save vitals')
  await app.sees('This cannot be: between 40 and 300.')
  await app.sees('Blood pressure needs both numbers.')
  expect(screen.getByLabelText('BP, systolic')).toHaveFocus()
  expect(world.bundles).toHaveLength(0)
})

test('another time is typed by the facility’s clock; one to come is refused', async () => {
  const app = at(OLIVE, 'vitals')
  await app.presses('Chart vitals')
  await types(app, { Pulse: '82' })
  await app.presses('It was at another time')
  const day = screen.getByLabelText('Day')
  await app.user.clear(day)
  await app.user.type(day, '2026-01-05')
  await app.user.clear(screen.getByLabelText(/^Time/))
  await app.user.type(screen.getByLabelText(/^Time/), '06:15')
  await app.presses('Save vitals')
  await app.sees('The vitals are saved.')
  expect(world.bundles[0]).toContain('"effectiveDateTime":"2026-01-05T06:15:00-05:00"')
  await app.presses('Chart vitals')
  await types(app, { Pulse: '82' })
  await app.presses('It was at another time')
  await app.user.clear(screen.getByLabelText('Day'))
  await app.user.type(screen.getByLabelText('Day'), '2099-01-05')
  await app.presses('Save vitals')
  await app.sees('This time is yet to come, or is none.')
})

test('locked while typing: nothing is in sight, and after the lock it is all still there', async () => {
  const app = at(OLIVE, 'vitals')
  await app.presses('Chart vitals')
  await types(app, PRESSURE)
  const other = new BroadcastChannel('lamplight')
  other.postMessage({ kind: 'locked', reason: 'asked' })
  other.close()
  await app.reads('Locked')
  expect(document.documentElement.innerHTML).not.toMatch(/Kowalczyk/)
  expect(screen.queryByDisplayValue('131')).toBeNull()
  world.session = null
  await app.types('Password', world.person.password)
  await app.presses('Sign in')
  await app.types('Code', CODE)
  await app.reads('Olive Kowalczyk')
  expect(await screen.findByLabelText('BP, systolic')).toHaveValue('131')
  await app.presses('Save vitals')
  await app.sees('The vitals are saved.')
})

test('a wrong measurement is marked, with why, and counts no more, but can be read', async () => {
  const app = at(WALTER, 'vitals')
  const rows = await screen.findAllByRole('row')
  await app.user.click(within(rows[1] as HTMLElement).getByRole('button', { name: /^Entered in error/ }))
  await app.presses(/^Weight\s*81\.7/)
  await app.presses('Mark it')
  await app.sees('Please say what was wrong: it stays in the record.')
  await app.user.type(screen.getByLabelText('What was wrong'), 'Weighed with the wheelchair.')
  await app.presses('Mark it')
  const wrong = await screen.findByRole('region', { name: 'Entered in error' })
  expect(wrong).toHaveTextContent(/Weight 81\.7 kg.*Weighed with the wheelchair\./)
  expect(screen.getByRole('table')).not.toHaveTextContent('81.7')
  expect(JSON.parse(textOf('Observation', '29463-7')?.text ?? '')).toMatchObject({
    status: 'entered-in-error',
    valueQuantity: { value: 81.7 },
  })
})

test('whoever may only read is offered nothing to write', async () => {
  world.memberships[0]?.permissions.splice(2, 1)
  const app = at(WALTER)
  for (const section of ['Vitals', 'Problems', 'Medications', 'Allergies']) {
    await app.follows(section)
    await screen.findByRole('heading', { name: section, level: 2 })
    expect(within(screen.getByRole('main')).queryByRole('button')).toBeNull()
  }
})

test('a problem is added with what is known of it, and ended with when and why', async () => {
  const app = at(WALTER, 'problems')
  await app.presses('Add a problem')
  await app.presses('Add')
  await app.sees('What is the problem?')
  // As one types the list answers; what is chosen by keyboard brings its code along.
  await types(app, { Problem: 'atrial fib' })
  await app.sees('I48.91')
  await app.user.keyboard('{ArrowDown}{Enter}')
  expect(screen.getByLabelText('Problem', { selector: 'input' })).toHaveValue(
    'Unspecified atrial fibrillation',
  )
  await app.sees('Code I48.91')
  await app.presses('Add')
  await app.sees('Unspecified atrial fibrillation')
  expect(world.asked.join()).not.toContain('atrial')
  expect(JSON.parse(textOf('Condition', 'atrial')?.text ?? '')).toMatchObject({
    code: { coding: [{ code: 'I48.91' }], text: 'Unspecified atrial fibrillation' },
    subject: { reference: `Patient/${WALTER}` },
  })
  await app.presses('End Essential hypertension')
  await app.user.type(screen.getByLabelText('Note'), 'Off all tablets for a year.')
  await app.presses('End it')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  const ended = JSON.parse(textOf('Condition', 'hypertension')?.text ?? '')
  expect(ended).toMatchObject({
    clinicalStatus: { coding: [{ code: 'resolved' }] },
    onsetDateTime: '2017-06-09',
  })
  expect(ended.note.map((it: { text: string }) => it.text)).toEqual([
    'Well controlled.',
    'Off all tablets for a year.',
  ])
  await screen.findByRole('region', { name: 'Past' })
})

test('somebody else was faster: theirs stands beside mine, and nothing is lost', async () => {
  const app = at(WALTER, 'problems')
  await app.presses('End Essential hypertension')
  await app.user.type(screen.getByLabelText('Note'), 'Off all tablets.')
  const record = textOf('Condition', 'hypertension')
  if (!record) throw new Error('no such record')
  record.version++
  record.text = record.text
    .replace('Well controlled.', 'Seen by cardiology.')
    .replace('2017-06-09', '2016-01-02')
  await app.presses('End it')
  const dialog = await screen.findByRole('dialog')
  await within(dialog).findByText(/^Somebody else changed this record/)
  const row = (name: string) => within(dialog).getByRole('row', { name: new RegExp(`^${name}`) })
  expect(row('Note')).toHaveTextContent(/Seen by cardiology\.Seen by cardiology\.\s*Off all tablets\./)
  expect(row('Since')).toHaveTextContent('Jan 2, 2016Jan 2, 2016')
  expect(within(dialog).getByLabelText('Note')).toHaveValue('Off all tablets.')
  expect(record.version).toBe(2)
  await app.presses('Save my change over it')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  const now = JSON.parse(record.text)
  expect(now).toMatchObject({
    onsetDateTime: '2016-01-02',
    clinicalStatus: { coding: [{ code: 'resolved' }] },
  })
  expect(now.note).toHaveLength(2)
})

test('an allergy is in the banner as soon as it is added, and that none are known can be said', async () => {
  const app = at(OLIVE, 'allergies')
  await app.presses('None are known')
  await app.presses('Record that none are known')
  await waitFor(async () => expect(await banner()).toHaveTextContent('No known allergies'))
  await app.presses('Add an allergy')
  await types(app, { 'Allergic to': 'Latex', Reaction: 'Hives' })
  await app.user.selectOptions(screen.getByLabelText('How bad is it?'), 'Severe')
  await app.presses('Add')
  await waitFor(async () => expect(await banner()).toHaveTextContent('Allergies: Latex (severe)'))
})

test('a medication is added as reported, and a prescription stopped on somebody’s word', async () => {
  const app = at(WALTER, 'medications')
  await app.presses('Add a medication')
  await types(app, { Medication: 'Fish oil', 'How it is taken': '1 capsule with breakfast' })
  await app.presses('Add')
  await app.sees('Fish oil')
  await app.presses('Stop amlodipine 5 MG Oral Tablet')
  await app.presses('Stop it')
  await app.sees('Please say why, and on whose word.')
  await app.user.type(screen.getByLabelText('Why, and who said so'), 'Ankle swelling, Dr. Åkesson by phone.')
  await app.presses('Stop it')
  await waitFor(() =>
    expect(JSON.parse(textOf('MedicationRequest', 'amlodipine')?.text ?? '')).toMatchObject({
      status: 'stopped',
      dosageInstruction: [{ text: '1 tablet by mouth once daily' }],
    }),
  )
})
