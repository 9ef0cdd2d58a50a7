import 'fake-indexeddb/auto'
import { screen, waitFor, within } from '@testing-library/react'
import { STOCK, witnessed } from '@/mocks/medications'
import { patientId } from '@/mocks/records'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

function at(path: string, ...permissions: string[]) {
  const post = world.memberships[0]
  if (post) post.facilities = post.facilities.slice(0, 1)
  if (post)
    post.permissions = [
      'chart.read',
      'chart.search',
      'medications.give',
      'medications.witness',
      ...permissions,
    ]
  return open(`/c/${CONTEXT}${path}`)
}
const card = (name: string) => screen.findByRole('article', { name })
const dialog = () => screen.findByRole('dialog')
const closed = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
const sent = () => world.medications.sent
const outcomes = () => sent().map((it) => [it.outcome, it.reason])

test('whoever does not give medications has no way to the pass', async () => {
  const post = world.memberships[0]
  if (post) post.permissions = ['chart.read', 'chart.search']
  const app = open(`/c/${CONTEXT}/medications`)
  await app.reads('There is no such page')
  expect(screen.queryByRole('link', { name: 'Medications' })).toBeNull()
  expect(world.asked).not.toContain('GET /api/medications/pass')
})

test('the pass shows who is to get what, with their allergies, and what is not due is put away', async () => {
  const app = at('/')
  await app.follows('Medications')
  await app.reads('Medications')
  await app.sees('1 late or missed · 2 due')
  const walter = await card('Ashdown, Walter')
  expect(walter).toHaveTextContent(/Room 12.*Born Mar 9, 1941.*Allergic to Penicillin/)
  expect(within(walter).getAllByRole('button', { name: /^Give (Met|Lis)/ })).toHaveLength(2)
  expect(within(walter).getByText('Later (1)')).toBeVisible()
  expect(await card('Kowalczyk, Olive')).toHaveTextContent(/No allergies recorded.*Late.*Donepezil/)
  await app.types('Find a resident', 'room 3')
  await waitFor(() => expect(screen.getAllByRole('article')).toHaveLength(1))
  expect(screen.getByRole('article', { name: 'Kowalczyk, Olive' })).toBeVisible()
})

test('a dose is given with two touches, once however often it is tapped, and stays in sight', async () => {
  const app = at('/medications')
  await app.presses('Give Metformin 500 mg tablet to Ashdown, Walter')
  expect(await dialog()).toHaveTextContent(/Room 12.*Allergic to Penicillin.*Metformin 500 mg tablet/)
  await app.user.dblClick(within(await dialog()).getByRole('button', { name: 'Given' }))
  await closed()
  await waitFor(() => expect(world.medications.recorded.size).toBe(1))
  const walter = await card('Ashdown, Walter')
  await waitFor(() => expect(within(walter).getByText('Recorded (1)')).toBeVisible())
  expect(sent()).toHaveLength(1)
  expect(sent()[0]).toMatchObject({ patient: patientId(1), outcome: 'given' })
})

test('all that is due to one resident is given together', async () => {
  const app = at('/medications')
  await app.presses('Give all 2 that are due to Ashdown, Walter')
  await app.presses('Given, all 2')
  await waitFor(() => expect(sent().map((it) => it.outcome)).toEqual(['given', 'given']))
  await app.sees('Recorded (2)')
})

test('why it is not given is one touch, or in one’s own words', async () => {
  const app = at('/medications')
  await app.presses('Not given: Metformin 500 mg tablet, Ashdown, Walter')
  await app.presses('Blood sugar too low')
  await closed()
  await app.presses('Not given: Donepezil 10 mg tablet, Kowalczyk, Olive')
  await app.presses('Record')
  await app.sees('Say why')
  await app.user.selectOptions(screen.getByLabelText('Another reason'), 'Not available')
  await app.types('What happened', 'Cart locked')
  await app.presses('Record')
  await waitFor(() =>
    expect(outcomes()).toEqual([
      ['held', 'Blood sugar too low'],
      ['unavailable', 'Cart locked'],
    ]),
  )
})

test('the wrong package is refused in words, and the right one is recorded', async () => {
  const app = at('/medications')
  await app.presses('Give Metformin 500 mg tablet to Ashdown, Walter')
  await app.types('Scan the package', '314076{Enter}')
  await app.sees('This package is not Metformin 500 mg tablet. Do not give it; nothing was recorded.')
  expect(screen.getByRole('button', { name: 'Given' })).toBeDisabled()
  await app.types('Scan the package', '00093104801{Enter}')
  await app.sees('The package fits: Metformin 500 mg tablet.')
  await app.presses('Given')
  await waitFor(() => expect(sent()[0]?.scanned).toBe('00093104801'))
})

test('what is given as needed says what for, and from when on; before that somebody says why', async () => {
  const app = at('/medications')
  const olive = await card('Kowalczyk, Olive')
  await app.user.click(within(olive).getByText('As needed (2)'))
  expect(olive).toHaveTextContent(/For painMay be given now/)
  expect(olive).toHaveTextContent(/Not before (?:\S+ ){0,4}\d+:\d\d/)
  await app.presses('Give Acetaminophen 500 mg tablet to Kowalczyk, Olive')
  await app.presses('Given')
  await waitFor(() => expect(outcomes()).toEqual([['given', 'pain']]))
  await app.presses('Give Oxycodone 5 mg tablet to Kowalczyk, Olive')
  await app.sees(/May not be given before/)
  await app.presses('Given')
  await app.sees('Say what it is given for')
  await app.types('What for', 'Hip pain')
  await app.types('Why it is given all the same', 'Dr. Roy said so')
  await app.types('How much was taken', '0.5')
  await app.presses('Given')
  await waitFor(() => expect(sent()).toHaveLength(2))
  expect(sent()[1]).toMatchObject({
    reason: 'Hip pain',
    despite: 'Dr. Roy said so',
    stock: STOCK,
    amount: 500,
  })
})

test('whether it helped is asked for when it is time, and is one touch', async () => {
  const now = Date.now()
  const order = world.medications.residents[1]?.orders[1]
  order?.doses.push({
    due: null,
    elsewhere: false,
    state: 'given',
    administration: 'a1',
    by: 'Priya Nair',
    at: new Date(now - 3_700_000).toISOString(),
    effect_due: new Date(now - 100_000).toISOString(),
  })
  const app = at('/medications')
  await app.sees(/Did it help\? Acetaminophen/)
  await app.presses('Somewhat: Acetaminophen 500 mg tablet, Kowalczyk, Olive')
  await waitFor(() =>
    expect(world.medications.effects).toEqual([{ administration: 'a1', effect: 'somewhat' }]),
  )
  await waitFor(() => expect(screen.queryByText(/Did it help/)).toBeNull())
})

test('without a network what is tapped is kept on this device, and sent in order when it is back', async () => {
  const app = at('/medications')
  await card('Ashdown, Walter')
  world.medications.down = true
  await app.presses('Give Lisinopril 10 mg tablet to Ashdown, Walter')
  await app.presses('Given')
  await app.sees(/Given .* · Kept on this device/)
  await app.presses('Not given: Donepezil 10 mg tablet, Kowalczyk, Olive')
  await app.presses('Did not want it')
  await app.sees('2 doses are kept on this device and not sent yet.')
  expect(screen.queryByRole('button', { name: /Give Lisinopril/ })).toBeNull()
  expect(sent()).toEqual([])
  world.medications.down = false
  window.dispatchEvent(new Event('online'))
  await waitFor(() => expect(sent().map((it) => it.outcome)).toEqual(['given', 'refused']))
  await waitFor(() => expect(screen.queryByText(/kept on this device/i)).toBeNull())
})

test('an answer that was lost is not a second dose', async () => {
  const app = at('/medications')
  await card('Ashdown, Walter')
  world.medications.loses = 1
  await app.presses('Give Lisinopril 10 mg tablet to Ashdown, Walter')
  await app.presses('Given')
  await waitFor(() => expect(sent()).toHaveLength(2), { timeout: 6_000 })
  expect(sent()[0]).toEqual(sent()[1])
  expect(world.medications.recorded.size).toBe(1)
  await app.sees('Recorded (1)')
})

test('what somebody else gave meanwhile is said with their name, until it is seen', async () => {
  const app = at('/medications')
  const walter = await card('Ashdown, Walter')
  const [metformin] = world.medications.residents[0]?.orders ?? []
  const [first, ...others] = metformin?.doses ?? []
  if (metformin && first)
    metformin.doses = [
      { ...first, state: 'given', administration: 'a2', by: 'Priya Nair', at: new Date().toISOString() },
      ...others,
    ]
  await app.presses('Give Metformin 500 mg tablet to Ashdown, Walter')
  await app.presses('Given')
  const news = await screen.findByRole('alert')
  expect(news).toHaveTextContent(/Ashdown, Walter · Metformin.*Priya Nair recorded this dose already: Given/)
  expect(news).toHaveTextContent('If you gave it too, it was given twice.')
  expect(walter).toHaveTextContent(/Priya Nair/)
  await app.presses(/^I have seen it/)
  await waitFor(() => expect(screen.queryByRole('alert')).toBeNull())
})

test('what is refused says why and from when on, and is recorded all the same for a reason', async () => {
  world.medications.refuses = { code: 'too-soon', from: new Date(Date.now() + 3_600_000).toISOString() }
  const app = at('/medications')
  await app.presses('Give Donepezil 10 mg tablet to Kowalczyk, Olive')
  await app.presses('Given')
  expect(await screen.findByRole('alert')).toHaveTextContent(
    /It was not accepted: the last was given too short a time before\. It may be given from/,
  )
  await app.presses('Record it all the same')
  await app.types('Why it is given all the same', 'Dr. Roy said so')
  await app.presses('Record it all the same')
  await waitFor(() => expect(sent().at(-1)).toMatchObject({ despite: 'Dr. Roy said so' }))
  expect(sent()[0]?.request).toBe(sent()[1]?.request)
  await waitFor(() => expect(screen.queryByRole('alert')).toBeNull())
})

test('a dose recorded in error is marked as one, with a reason', async () => {
  const app = at('/medications')
  await app.presses('Give Metformin 500 mg tablet to Ashdown, Walter')
  await app.presses('Given')
  await app.user.click(await app.sees('Recorded (1)'))
  await app.presses(/^Mark as error: Metformin/)
  await app.presses('Mark as an error')
  await app.sees('Say why')
  await app.user.type(screen.getByLabelText('What was wrong'), 'Wrong resident')
  await app.presses('Mark as an error')
  await closed()
  expect(world.medications.wrong.map((it) => it.reason)).toEqual(['Wrong resident'])
  await waitFor(() => expect(screen.getByRole('button', { name: /^Give Metformin/ })).toBeVisible())
})

test('the chart has the record of a week, and an order is put on hold and resumed there', async () => {
  const app = at(`/patients/${patientId(1)}/mar`)
  const grid = await screen.findByRole('region', { name: 'Days and doses' })
  expect(within(grid).getAllByRole('columnheader')).toHaveLength(7)
  await app.presses(/^Metformin 500 mg tablet, .*: Due$/)
  expect(await dialog()).toHaveTextContent(/Metformin 500 mg tablet.*1 tablet by mouth · Oral.*Due/)
  await app.user.click(within(await dialog()).getAllByRole('button', { name: 'Close' })[0] as HTMLElement)
  await closed()
  await app.presses('Put on hold: Metformin 500 mg tablet')
  await app.user.type(screen.getByLabelText('Why, and who said so'), 'Kidneys, Dr. Roy')
  await app.presses('Put on hold')
  await closed()
  await waitFor(() => expect(grid).toHaveTextContent('Kidneys, Dr. Roy'))
  await app.presses('Resume: Metformin 500 mg tablet')
  await app.presses('Resume')
  await waitFor(() => expect(world.medications.turned).toEqual(['hold', 'resume']))
})

test('a sheet receives, wastes with a witness, and is confirmed by another person with proof', async () => {
  const app = at('/medications/counts')
  await app.sees('12 tablets')
  await app.follows('Oxycodone 5 mg tablet')
  await app.reads('Oxycodone 5 mg tablet')
  await app.presses('Receive')
  await app.types('How much came (tablets)', '30')
  await app.presses('Save')
  await app.sees('It is in the sheet.')
  await app.sees('42 tablets')
  await app.presses('Waste')
  await app.types('How much is wasted (tablets)', '1')
  await app.user.type(screen.getByLabelText('Why it is wasted'), 'Dropped')
  await app.presses('Save and ask for a witness')
  await app.sees(/Waiting for a second person/)
  const [sheet] = world.medications.sheets
  const [entry] = world.medications.entries
  if (sheet && entry) witnessed(sheet, entry, 'Priya Nair')
  await screen.findByText('Witness: Priya Nair', {}, { timeout: 8_000 })
  await app.user.click(within(await dialog()).getAllByRole('button', { name: 'Close' })[0] as HTMLElement)
  await closed()
  // Somebody else's waits for this person.
  world.medications.entries.unshift({
    entry: '0195f2a0-0000-7000-8000-0000000f0102',
    kind: 'counted',
    change: 0,
    counted: 40_000,
    by: 'Priya Nair',
    at: new Date().toISOString(),
    own: false,
  })
  await app.router.navigate({ to: '/c/$context/medications/counts', params: { context: CONTEXT } })
  await app.follows('Oxycodone 5 mg tablet')
  await app.presses('Confirm as the witness: Counted of Priya Nair')
  await app.types('Code', CODE)
  await app.sees('Confirmed. It counts now.')
  expect(world.medications.sheets[0]?.difference).toBe(-1_000)
  await app.sees('Count differs by −1')
}, 40_000)

test('a sheet is opened at a facility, with what it needs', async () => {
  const app = at('/medications/counts')
  await app.presses('Open a sheet')
  await app.presses('Open the sheet')
  await app.sees('Give at least one number')
  await app.types('Medication and strength', 'Morphine 10 mg/5 mL')
  await app.types('Its numbers (RxNorm, NDC)', '892494, 0054-0237-63')
  await app.types('Counted in', 'mL')
  await app.types('Where it is kept', 'Safe')
  await app.presses('Open the sheet')
  await closed()
  await app.sees('Morphine 10 mg/5 mL')
  await app.sees('0 mL')
})

test('who works in several houses says in which one before anything is shown', async () => {
  const post = world.memberships[0]
  if (post) post.permissions = ['chart.read', 'chart.search', 'medications.give']
  const app = open(`/c/${CONTEXT}/medications`)
  await app.sees('Which house?')
  expect(world.asked).not.toContain('GET /api/medications/pass')
  await app.presses('Rosewood House')
  await card('Ashdown, Walter')
  expect(screen.getByLabelText('Show facility')).toHaveValue('rose')
})

test('what is counted with a witness is given once a second person has confirmed it', async () => {
  const [sheet] = world.medications.sheets
  const order = world.medications.residents[1]?.orders[2]
  if (sheet) sheet.witness_to_give = true
  if (order) {
    order.as_needed = { reason: 'pain', next: new Date(0).toISOString() }
    order.sheets = [{ stock: STOCK, place: 'Cart 1', witness_to_give: true }]
  }
  const app = at('/medications')
  const olive = await card('Kowalczyk, Olive')
  await app.user.click(within(olive).getByText('As needed (2)'))
  await app.presses('Give Oxycodone 5 mg tablet to Kowalczyk, Olive')
  await app.sees('A second person has to confirm this before it is given.')
  expect(screen.getByRole('button', { name: 'Given' })).toBeDisabled()
  await app.presses('Ask for a witness')
  await app.sees('Say how much is taken, such as 1 or 0.5')
  await app.types('How much was taken', '1')
  await app.presses('Ask for a witness')
  await app.sees(/Waiting for a second person/)
  const [entry] = world.medications.entries
  if (sheet && entry) witnessed(sheet, entry, 'Priya Nair')
  await screen.findByText(/Priya Nair confirmed it/, {}, { timeout: 8_000 })
  await app.presses('Given')
  await waitFor(() =>
    expect(sent()[0]).toMatchObject({
      stock: STOCK,
      amount: 1000,
      witnessed: entry?.entry,
      outcome: 'given',
    }),
  )
}, 20_000)
