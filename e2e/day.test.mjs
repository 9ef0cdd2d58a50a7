// A day of five houses: everybody whom the kit knows at work at once, in three browsers. The night hands over, medications
// are given and refused, a card moves on everyone's board, a physician shares how a wound heals with a daughter, a sixth house
// is opened and charts, and an auditor is answered.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { be, LAPTOP, opened, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { browser, enrol, missing, shot, takeUp, totp } from './house.mjs'

const skip = missing()
const PASSWORD = 'a lamp in the long corridor'
const WOUND = 'Wound area, left heel'
/** Where the nurse, the aide and most of the others work. */
const HOUSE = 'Maple Court Senior Living'
/** Who sits where: on the ward, in the office, at home or elsewhere. */
const PLACES = {
  ward: ['nurse', 'care-aide', 'physician', 'prescriber', 'nurse-and-daughter'],
  office: ['organization-administrator', 'facility-administrator', 'front-desk', 'biller', 'executive', 'privacy-officer'],
  outside: ['patient', 'family-member', 'attorney', 'referring-doctor', 'supplier'],
}
/** At home it is a phone. */
const PHONES = ['patient', 'family-member']
let home, people, shut
const browsers = {}
const at = {}

before(async () => {
  if (skip) return
  const there = await opened()
  ;({ home, people, shut } = there)
  browsers.ward = there.chromium
  ;[browsers.office, browsers.outside] = await Promise.all([browser(), browser()])
})

after(async () => {
  await Promise.all([browsers.office?.close(), browsers.outside?.close()])
  await shut?.()
})

/** Somebody comes to work. */
async function comes(key, place) {
  const person = people.find((it) => it.key === key)
  const options = PHONES.includes(key) ? { viewport: PHONE, hasTouch: true } : { acceptDownloads: true }
  const there = await visitor(browsers[place], home.origin, options)
  there.page.setDefaultTimeout(30_000)
  const path = await be(there.page, home.origin, person)
  at[key] = { ...there, path, name: person.name, post: path?.split('/')[2] }
}

/** Somebody who was invited, with an authenticator of their own. */
async function invited(key, name, place, link) {
  const there = await visitor(browsers[place], home.origin)
  there.page.setDefaultTimeout(30_000)
  const { secret } = await takeUp(there.page, link, name, PASSWORD)
  at[key] = { ...there, secret, steps: 0, name, path: new URL(there.page.url()).pathname.match(/^\/c\/[^/]+\//)[0] }
  return at[key]
}

const go = async ({ page, path }, to) => {
  await page.goto(`${home.origin}${path}${to}`)
  await settled(page)
}
const dialog = ({ page }) => page.getByRole('dialog')
const gone = (who) => dialog(who).waitFor({ state: 'detached' })
const to = ({ page }, name) => page.getByRole('link', { name, exact: true }).first().click()

/** Proves once more who it is: in the demonstration by a press, else by a code that is good once. */
async function prove(who) {
  if (who.secret) await dialog(who).getByLabel('Code').fill(totp(who.secret, who.steps++))
  else await dialog(who).getByRole('button', { name: 'Confirm' }).click()
  await gone(who)
}

/** The same where it may have been asked for a moment ago; then what was done is seen. */
async function proveIfAsked(who, done) {
  const confirm = dialog(who).getByRole('button', { name: 'Confirm' })
  await confirm.or(done).first().waitFor()
  if (await confirm.isVisible()) await prove(who)
  await done.waitFor()
}

/** Asks the server as the page's post does. */
const ask = ({ page, path }, method, where, body) =>
  page.evaluate(
    async ([context, method, where, body]) => {
      const type = where.startsWith('/fhir') ? 'application/fhir+json' : 'application/json'
      const headers = { 'Lamplight-Context': context, 'Content-Type': type }
      const answer = await fetch(where, { method, headers, body: body && JSON.stringify(body) })
      return { status: answer.status, body: await answer.json().catch(() => undefined) }
    },
    [path.split('/')[2], method, where, body],
  )

const card = ({ page }, name) => page.getByRole('article', { name })

test('everybody comes to work at once, each to pages of their own', { skip }, async () => {
  await Promise.all(Object.entries(PLACES).flatMap(([place, keys]) => keys.map((key) => comes(key, place))))
  assert.equal(Object.keys(at).length, 16)
  for (const [key, { page }] of Object.entries(at)) {
    assert.equal(await page.getByRole('heading', { name: 'There is no such page' }).count(), 0, key)
    assert.equal(await tooWide(page), 0, key)
    await shot(page, `day-${key}`)
  }
  const link = home.invite('nils@juniper.example', 'Nils Aaberg', 'Night nurse', [
    ...['chart.read', 'chart.search', 'chart.write', 'notes.write', 'shift.work'],
  ])
  await invited('night', 'Nils Aaberg', 'ward', link)
})

test('the night hands over to the day', { skip }, async () => {
  const { night, nurse } = at
  for (const who of [night, nurse]) {
    await go(who, 'shift')
    await who.page.getByLabel('Facility', { exact: true }).selectOption({ label: HOUSE })
    await who.page.getByRole('article').first().waitFor()
    await settled(who.page)
  }
  const resident = await nurse.page.getByRole('article').nth(2).getByRole('heading').innerText()
  at.resident = resident
  await card(night, resident).getByRole('button', { name: /^Vital signs/ }).click()
  await dialog(night).getByLabel('BP, systolic').fill('171')
  await dialog(night).getByLabel('BP, diastolic').fill('88')
  await dialog(night).getByRole('button', { name: /^Save/ }).click()
  await gone(night)
  await night.page.getByRole('link', { name: 'Hand over', exact: true }).click()
  await night.page.getByRole('button', { name: 'Hand a shift over' }).click()
  const group = night.page.getByRole('group', { name: resident })
  await group.getByRole('button', { name: /^Add a line/ }).click()
  await night.page.keyboard.type('Slept little, asked for the lamp')
  await night.page.getByRole('button', { name: 'Sign and hand over' }).click()
  await prove(night)
  await night.page.getByText('Handed over. It waits for whoever comes.').waitFor()
  await card(nurse, resident).getByText('Slept little, asked for the lamp').waitFor()
  await shot(nurse.page, 'day-shift-unread')
  await nurse.page.getByRole('link', { name: 'Read and receive' }).click()
  await nurse.page.getByRole('link', { name: /^Read the hand-over/ }).first().click()
  await nurse.page.getByRole('button', { name: 'Receive' }).click()
  await prove(nurse)
  await nurse.page.getByText(/^Received by/).first().waitFor()
})

test('medications are given and refused, and a card moves on everyone’s board', { skip }, async () => {
  const { nurse, 'care-aide': aide } = at
  await Promise.all([medications(nurse), go(aide, 'board')])
  await go(nurse, 'board')
  const column = ({ page }, name) => page.getByRole('region', { name, exact: true })
  const first = column(nurse, 'To do').getByRole('button', { name: /^Pick up: / }).first()
  const task = await first.getAttribute('aria-label')
  await first.focus()
  await nurse.page.keyboard.press('Space')
  await nurse.page.getByText('Over To do.').waitFor({ state: 'attached' })
  await nurse.page.keyboard.press('ArrowRight')
  await nurse.page.getByText('Over Doing.').waitFor({ state: 'attached' })
  await nurse.page.keyboard.press('Space')
  const moved = (who) => column(who, 'Doing').getByRole('listitem').filter({ has: who.page.getByLabel(task) })
  await moved(nurse).waitFor()
  await moved(aide).getByText(nurse.name).waitFor({ timeout: 5_000 })
  await shot(aide.page, 'day-board')
})

/** One dose is given, another one is not wanted. */
async function medications(who) {
  const { page } = who
  await go(who, 'medications')
  const house = page.getByRole('main').getByRole('button', { name: HOUSE })
  await house.or(page.getByLabel('Find a resident')).first().waitFor()
  if (await house.isVisible()) await house.click()
  await page.getByRole('button', { name: /^Give [^a]/ }).first().waitFor()
  await page.getByRole('button', { name: /^Not given: / }).last().click()
  await dialog(who).getByRole('button', { name: 'Did not want it' }).click()
  await gone(who)
  // Among what is recorded, which is folded away.
  await page.getByText('Refused').first().waitFor({ state: 'attached' })
  await page.getByRole('button', { name: /^Give (?!all)/ }).first().click()
  await dialog(who).getByRole('button', { name: 'Given', exact: true }).click()
  await gone(who)
  await page.getByText(/^Recorded \(\d+\)/).first().waitFor()
  await shot(page, 'day-medications')
}

test('a physician shares how a wound heals with a daughter, who has her phone open', { skip }, async () => {
  const { physician, 'family-member': daughter } = at
  const ties = await ask(daughter, 'GET', '/api/me/relationships')
  const patient = ties.body.relationships[0].patient
  const measured = (days, value) =>
    ask(physician, 'POST', '/fhir/R4/Observation', {
      resourceType: 'Observation',
      status: 'final',
      code: { text: WOUND },
      subject: { reference: `Patient/${patient}` },
      effectiveDateTime: new Date(Date.now() - days * 86_400_000).toISOString(),
      valueQuantity: { value, unit: 'cm²', system: 'http://unitsofmeasure.org', code: 'cm2' },
    })
  for (const [days, value] of [[6, 5.4], [1, 3.2]]) assert.equal((await measured(days, value)).status, 201)
  const seen = daughter.page.getByText('3.2 cm²', { exact: true })
  await seen.waitFor({ timeout: 10_000 })
  await shot(daughter.page, 'day-daughter')
  await go(physician, `patients/${patient}/family`)
  const toggle = physician.page.getByRole('switch', { name: /^Share all of “Vital signs and measurements”/ })
  await toggle.press(' ')
  await seen.waitFor({ state: 'detached', timeout: 5_000 })
  await toggle.press(' ')
  await prove(physician)
  await seen.waitFor({ timeout: 10_000 })
  await shot(physician.page, 'day-sharing')
})

test('a sixth house is opened, and its first nurse charts within a minute', { skip }, async (t) => {
  const { 'organization-administrator': administrator } = at
  const { page } = administrator
  const began = performance.now()
  await to(administrator, 'Facilities')
  await page.getByRole('button', { name: 'Open a facility' }).click()
  await page.getByLabel('What it is called').first().fill('Willow Brook')
  await page.getByLabel(/^Its short name/).fill('willow-brook')
  await page.getByRole('button', { name: 'Open the facility' }).click()
  await proveIfAsked(administrator, page.getByText(/^The facility is open/))
  await page.getByLabel('State of Willow Brook').selectOption('live')
  await proveIfAsked(administrator, page.getByText(/^willow-brook · .* · Takes patients$/))
  await go(administrator, 'people/invite')
  await page.getByLabel('Name', { exact: true }).fill('Nora Quinn')
  await page.getByLabel(/E-mail/).fill('nora@juniper.example')
  await page.getByLabel('Role').selectOption('nurse')
  await page.getByLabel('Willow Brook').check()
  await page.getByRole('button', { name: /invitation/i }).click()
  await proveIfAsked(administrator, page.getByText('The invitation for Nora Quinn is on its way.'))
  const nora = await invited('nora', 'Nora Quinn', 'ward', await mailed('nora@juniper.example'))
  await go(nora, 'patients')
  await nora.page.getByRole('link', { name: 'Admit a patient' }).click()
  for (const [label, value] of [['First name', 'Edda'], ['Last name', 'Winterbourne'], ['Date of birth', '1938-11-04']])
    await nora.page.getByLabel(label, { exact: true }).fill(value)
  await nora.page.getByLabel('Sex').selectOption('female')
  await nora.page.getByRole('button', { name: 'Admit', exact: true }).click()
  await nora.page.getByRole('heading', { level: 1, name: /Edda Winterbourne/ }).waitFor()
  await nora.page.getByRole('link', { name: 'Vitals', exact: true }).click()
  await nora.page.getByRole('button', { name: 'Chart vitals' }).click()
  await nora.page.getByLabel('BP, systolic').fill('128')
  await nora.page.getByLabel('BP, diastolic').fill('76')
  await nora.page.getByRole('button', { name: /^Save/ }).click()
  await nora.page.getByText(/128/).first().waitFor()
  const seconds = (performance.now() - began) / 1000
  t.diagnostic(`from nothing to the first nurse's charting: ${seconds.toFixed(1)} s`)
  await shot(nora.page, 'day-sixth-house')
  assert.ok(seconds < 60, `${seconds} s`)
})

/** The link in the newest mail to an address, from the page that development shows. */
async function mailed(address) {
  for (let times = 0; times < 100; times++) {
    const text = await (await fetch(`http://localhost:${home.port}/mailbox`)).text()
    const mail = text.slice(Math.max(0, text.indexOf(address)))
    const link = text.includes(address) && mail.match(/https?:\/\/[^\s"<>]+\/invitation#[\w-]+/)?.[0]
    if (link) return link.replaceAll('&amp;', '&')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('no mail came')
}

test('everybody else does their own work meanwhile', { skip }, async () => {
  await Promise.all([
    audits(at['privacy-officer']),
    figures(at.executive),
    incidents(at['facility-administrator']),
    prescribes(at.prescriber),
    admits(at['front-desk']),
    bills(at.biller),
    twoPosts(at['nurse-and-daughter']),
    looksWhoLooked(at.patient),
    reads(at.attorney, 'Documents'),
    reads(at['referring-doctor'], 'Results'),
    orders(at.supplier),
    platform(),
  ])
})

/** An auditor asks who saw a resident, and gets the report. */
async function audits(who) {
  const { page } = who
  await to(who, 'Oversight')
  await to(who, 'Log')
  const found = page.getByRole('list', { name: 'What was found' })
  await found.waitFor()
  await page.getByLabel('Who did it').selectOption({ label: `${at.nurse.name}, Nurse` })
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await found.getByText(`${at.nurse.name}, Nurse`).first().waitFor()
  await found.getByRole('button', { name: /^Only / }).first().click()
  await page.getByText(/^Who looked at the record of/).waitFor()
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'PDF', exact: true }).click()
  assert.equal((await coming).suggestedFilename(), 'who-looked.pdf')
  await shot(page, 'day-auditor')
}

async function figures(who) {
  await to(who, 'Oversight')
  await who.page.getByRole('heading', { level: 1, name: 'Figures' }).waitFor()
  await who.page.getByRole('table', { name: 'By facility' }).first().waitFor()
  assert.equal(await who.page.getByRole('link', { name: 'Patients', exact: true }).count(), 0)
  await shot(who.page, 'day-figures')
}

async function incidents(who) {
  await go(who, 'incidents')
  await who.page.getByRole('heading', { level: 1, name: 'Incidents' }).waitFor()
  await shot(who.page, 'day-incidents')
}

/** The first chart of those within reach. */
async function opens(who) {
  await go(who, 'patients')
  await who.page.getByRole('main').getByRole('listitem').getByRole('link').first().click()
  await who.page.waitForURL(/patients\/[0-9a-f-]{36}/)
  await settled(who.page)
}

const section = (who, name) =>
  who.page.getByRole('navigation', { name: 'Sections of the chart' }).getByRole('link', { name, exact: true }).click()

async function prescribes(who) {
  await opens(who)
  await section(who, 'Medications')
  await who.page.getByRole('button', { name: 'Add a medication' }).click()
  await dialog(who).getByLabel('Medication').fill('melatonin 3 mg tablet')
  await dialog(who).getByLabel('How it is taken').fill('1 tablet at bedtime')
  await dialog(who).getByRole('button', { name: 'Add' }).click()
  await gone(who)
  await who.page.getByText('melatonin 3 mg tablet').first().waitFor()
}

async function admits(who) {
  const { page } = who
  await go(who, 'patients')
  await page.getByRole('link', { name: 'Admit a patient' }).click()
  for (const [label, value] of [['First name', 'Theo'], ['Last name', 'Larkspur'], ['Date of birth', '1941-02-19']])
    await page.getByLabel(label, { exact: true }).fill(value)
  await page.getByLabel('Sex').selectOption('male')
  await page.getByRole('button', { name: 'Admit', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: /Theo Larkspur/ }).waitFor()
}

async function bills(who) {
  await opens(who)
  await section(who, 'Coverage')
  await who.page.getByRole('heading', { level: 2, name: 'Coverage' }).waitFor()
  await shot(who.page, 'day-biller')
}

/** Two posts in two tabs of one browser, each its own. */
async function twoPosts(who) {
  const tab = await who.context.newPage()
  await tab.goto(`${home.origin}/`)
  await tab.getByRole('link', { name: /^Family/ }).click()
  await who.page.getByRole('link', { name: /^Nurse/ }).click()
  await Promise.all([tab, who.page].map((page) => page.waitForURL(/\/c\/[0-9a-f-]{36}\//)))
  const posts = [tab, who.page].map((page) => new URL(page.url()).pathname.split('/')[2])
  assert.notEqual(posts[0], posts[1])
  await settled(tab)
  assert.equal(await tab.getByRole('link', { name: 'Shift', exact: true }).count(), 0)
  await who.page.getByRole('link', { name: 'Shift', exact: true }).first().waitFor()
}

async function looksWhoLooked(who) {
  await who.page.getByRole('link', { name: 'Who looked', exact: true }).first().click()
  await who.page.getByRole('heading', { level: 1, name: 'Who looked at my record' }).waitFor()
  await shot(who.page, 'day-patient')
}

async function reads(who, name) {
  await opens(who)
  await section(who, name)
  await who.page.getByRole('heading', { level: 2, name, exact: true }).waitFor()
}

async function orders(who) {
  await settled(who.page)
  assert.equal(await who.page.getByRole('link', { name: 'Patients', exact: true }).count(), 0)
}

/** Above all organizations: how the machine is, and who is there; nobody's record. */
async function platform() {
  const link = home
    .command('platform', 'invite', '--email', 'olga@lamplight.example', '--name', 'Olga', '--all', '--port', String(home.port))
    .split('\n')[0]
  const page = await (await browsers.office.newContext({ viewport: LAPTOP })).newPage()
  page.setDefaultTimeout(30_000)
  await enrol(page, link, 'Olga Ruiz', PASSWORD)
  await page.waitForURL(/\/console/)
  await page.goto(`http://localhost:${home.port}/console/health`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await shot(page, 'day-platform')
  await page.context().close()
}

test('nobody met an error, asked elsewhere, or left a word in the log', { skip }, async () => {
  for (const [key, { wrong }] of Object.entries(at)) {
    // That an answer asks for proof is the browser's own line.
    assert.deepEqual((wrong ?? []).filter((it) => !/Failed to load resource.*40[13]/.test(it)), [], key)
  }
  for (const word of ['Winterbourne', 'Larkspur', 'melatonin', 'asked for the lamp', WOUND, at.resident])
    assert.ok(!home.log().includes(word), word)
})
