// Somebody is admitted, moves, goes to hospital, comes back, is discharged and comes again; then a second chart of the same
// person is made one with the first, and two again.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { atWork, missing, shot, totp } from './house.mjs'

const skip = missing()
const PHONE = { width: 390, height: 844 }
let home, page, wrong, secret, shut
let steps = 0

before(async () => {
  if (skip) return
  ;({ home, page, wrong, secret, shut } = await atWork('Director of nursing'))
})

after(() => shut?.())

const button = (name) => page.getByRole('button', { name, exact: true })
const dialog = () => page.getByRole('dialog')
const banner = () => page.getByRole('region', { name: 'Patient' })
const gone = () => dialog().waitFor({ state: 'detached' })
const section = (name) =>
  page.getByRole('navigation', { name: 'Sections of the chart' }).getByRole('link', { name, exact: true }).click()

async function admitNew(given, family, born, another = false) {
  await page.getByRole('link', { name: 'Patients' }).first().click()
  await page.getByRole('link', { name: 'Admit a patient' }).click()
  await page.getByLabel('First name').fill(given)
  await page.getByLabel('Last name').fill(family)
  await page.getByLabel('Date of birth').fill(born)
  await page.getByLabel('Sex').selectOption('female')
  const facility = page.getByRole('combobox', { name: /^Facility/ })
  if (await facility.count()) await facility.selectOption({ index: 1 })
  await page.getByRole('combobox', { name: 'Room, if it is known' }).fill('Room 41')
  await button('Admit').click()
  if (another) {
    await page.getByText(/may be somebody who is here already/).waitFor()
    await shot(page, 'admit-alike')
    await button('It is another person: admit').click()
  }
  await page.getByRole('heading', { level: 1, name: `${given} ${family}` }).waitFor()
}

test('somebody new is admitted with a room, once', { skip }, async () => {
  await admitNew('Rosalind', 'Quillfeather', '1944-02-03')
  await banner().getByText('Room 41').waitFor()
  await section('Stay')
  await page.getByText('Here now').waitFor()
  await shot(page, 'stay')
})

test('they change the room, go to hospital and come back', { skip }, async () => {
  await button('Change room').click()
  await dialog().getByLabel('New room').fill('Room 52')
  await shot(page, 'stay-transfer')
  await dialog().getByRole('button', { name: 'Move' }).click()
  await gone()
  await banner().getByText('Room 52').waitFor()
  await button('Goes away').click()
  await dialog().getByLabel('Which place').fill('County Hospital')
  await dialog().getByRole('button', { name: 'Save' }).click()
  await gone()
  await banner().getByText('Away: County Hospital').waitFor()
  await shot(page, 'stay-away')
  await button('Is back').click()
  await dialog().getByRole('button', { name: 'Is back' }).click()
  await gone()
  await page.getByText('Here now').waitFor()
})

test('a diagnosis is found as one types, and stands in the chart with its code', { skip }, async () => {
  await section('Problems')
  await button('Add a problem').click()
  await dialog().getByLabel('Problem').pressSequentially('hypertenson')
  await page.getByRole('option', { name: /I10/ }).waitFor()
  await shot(page, 'problem-search')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await dialog().getByText('Code I10').waitFor()
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await page.getByText('Essential (primary) hypertension').waitFor()
})

test('they are discharged, with what is open said before, and admitted again without typing', { skip }, async () => {
  await section('Medications')
  await button('Add a medication').click()
  await dialog().getByLabel('Medication').fill('donepezil 10 mg tablet')
  await dialog().getByLabel('How it is taken').fill('1 tablet at bedtime')
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await section('Stay')
  await button('Discharge').click()
  await dialog().getByText('1 medication is still being taken.').waitFor()
  await dialog().getByLabel('Which place, or with whom').fill('With her daughter')
  await shot(page, 'stay-discharge')
  await dialog().getByRole('button', { name: 'Discharge' }).click()
  await gone()
  await page.getByText('Not admitted').waitFor()
  await button('Admit again').click()
  await dialog().getByText('What is known already').waitFor()
  await shot(page, 'stay-admit-again')
  await dialog().getByRole('button', { name: 'Admit' }).click()
  await gone()
  await page.getByText('Here now').waitFor()
  await page.getByRole('link', { name: 'Patients' }).first().click()
  await page.getByText('Here now', { exact: true }).click()
  const list = page.getByRole('list', { name: 'Patients' })
  await list.getByText('Rosalind Quillfeather').waitFor()
  await shot(page, 'patients-here')
})

test('details, an alert, a consent and a photo are entered', { skip }, async () => {
  await page.getByRole('list', { name: 'Patients' }).getByRole('link', { name: 'Rosalind Quillfeather' }).click()
  await section('Alerts')
  await button('Add an alert').click()
  await dialog().getByLabel('What everyone must know').fill('Fall risk: two people')
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await banner().getByText('Fall risk: two people').waitFor()
  await shot(page, 'alerts')
  await section('Consents')
  await button('Add a consent').click()
  await dialog().getByLabel('What for').selectOption('photo')
  await shot(page, 'consent')
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await page.getByText('Photographs').waitFor()
  await section('Contacts')
  await button('Photo').click()
  // A picture larger than may be kept: it is made small here.
  const picture = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 1200 })
    const brush = canvas.getContext('2d')
    const dots = brush.createImageData(1600, 1200)
    for (let i = 0; i < dots.data.length; i++) dots.data[i] = i % 4 === 3 ? 255 : Math.random() * 256
    brush.putImageData(dots, 0, 0)
    return canvas.toDataURL('image/png').split(',')[1]
  })
  const file = { name: 'face.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') }
  assert.ok(file.buffer.length > 100_000)
  const chooser = page.waitForEvent('filechooser')
  await dialog().getByText('Choose or take a photo').click()
  await (await chooser).setFiles(file)
  await dialog().getByRole('img').waitFor()
  await shot(page, 'photo')
  await button('Save the photo').click()
  await gone()
  await banner().getByRole('img', { name: /Rosalind/ }).waitFor()
  await section('Immunizations')
  await button('Add an immunization').click()
  await dialog().getByLabel('Vaccine').pressSequentially('influenza high')
  await page.getByRole('option', { name: /high dose/ }).first().waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await shot(page, 'immunizations')
})

test('a second chart of hers is made one with the first, and two again', { skip }, async () => {
  await admitNew('Rosalin', 'Quillfeather', '1944-02-03', true)
  await section('Problems')
  await button('Add a problem').click()
  await dialog().getByLabel('Problem').fill('Repeated falls')
  await dialog().getByRole('button', { name: 'Add' }).click()
  await gone()
  await compare()
  await shot(page, 'merge-compare')
  await page.setViewportSize(PHONE)
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.ok(width <= PHONE.width, `the comparison is ${width} wide`)
  await shot(page, 'phone-merge')
  await page.setViewportSize({ width: 1440, height: 900 })
  // Nobody is admitted twice: the stay that was opened by mistake is ended first.
  await page.getByText('Both charts have a stay under way.').waitFor()
  assert.ok(await button('Make it one chart').isDisabled())
  await shot(page, 'merge-both-admitted')
  await page.getByRole('link', { name: 'Stay of Rosalin Quillfeather' }).click()
  await button('Discharge').click()
  await dialog().getByLabel('Which place, or with whom').fill('Opened by mistake')
  await dialog().getByRole('button', { name: 'Discharge' }).click()
  await gone()
  await compare()
  await button('Make it one chart').click()
  await prove()
  await page.getByText('It is one chart now').waitFor()
  await shot(page, 'merged')
  await page.getByRole('link', { name: 'Open the chart' }).click()
  await page.getByRole('heading', { level: 1, name: 'Rosalind Quillfeather' }).waitFor()
  await section('Problems')
  await page.getByText('Repeated falls').waitFor()
  await page.getByText('Essential (primary) hypertension').waitFor()
  await section('Contacts')
  await page.getByText('A second chart was merged into this one').waitFor()
  await shot(page, 'contacts-merged')
  await button('Undo').click()
  await prove()
  await page.getByText(/It is two charts again/).waitFor()
  await section('Problems')
  await page.getByText('Essential (primary) hypertension').waitFor()
  assert.equal(await page.getByText('Repeated falls').count(), 0)
})

/** From the second chart to the comparison with the first, with everything answered. */
async function compare() {
  await section('Contacts')
  await page.getByRole('link', { name: 'The same person as…' }).click()
  await page.getByLabel('Find the other chart').fill('quillfeather')
  await button('This one: Rosalind Quillfeather').click()
  await page.getByRole('table').waitFor()
  await page.getByRole('radio', { name: 'Name: Rosalind Quillfeather' }).check()
  await page.getByRole('checkbox', { name: /one person/ }).check()
}

/** A code is good once: the next one is asked for. */
async function prove() {
  const code = dialog().getByLabel('Code')
  await code.waitFor()
  await code.fill(totp(secret, steps++))
  const go = dialog().getByRole('button', { name: /Continue|Confirm|Go on/ })
  if (await go.count()) await go.first().click()
}

test('who looked, who is linked and the line of time are in the chart', { skip }, async () => {
  await section('Who looked')
  await page.getByText('Made one chart of two, or two again').first().waitFor()
  await shot(page, 'chart-who-looked')
  await section('Who is linked')
  await shot(page, 'chart-who-is-linked')
  await section('Overview')
  await page.getByLabel('Show', { exact: true }).selectOption('Problem')
  await shot(page, 'timeline-problems')
})

test('on a phone nothing is wider than the screen', { skip }, async () => {
  await page.setViewportSize(PHONE)
  for (const name of ['Stay', 'Alerts', 'Contacts', 'Consents', 'Immunizations', 'Who is linked', 'Who looked']) {
    await section(name)
    await page.getByRole('heading', { level: 2, name }).waitFor()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= PHONE.width, `${name} is ${width} wide`)
    await shot(page, `phone-${name.toLowerCase().replaceAll(' ', '-')}`)
  }
  await page.getByRole('link', { name: 'Patients' }).first().click()
  await page.getByRole('list', { name: 'Patients' }).getByRole('link').first().waitFor()
  await shot(page, 'phone-patients')
})

test('no error, no foreign request, nothing of her in the log', { skip }, async () => {
  assert.ok(!home.log().includes('Quillfeather'))
  assert.ok(!home.log().includes('hypertenson'))
  assert.deepEqual(wrong, [])
})
