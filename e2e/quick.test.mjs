// How soon the app answers what a nurse does, with a processor four times as slow.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { be, opened, settled, visitor } from './demo.mjs'
import { missing } from './house.mjs'

// A time is no proof on a machine that others use: it is measured where somebody asks for it.
const skip = missing() || (!process.env.E2E_TIMES && 'E2E_TIMES=1 measures on a quiet machine')
const SLOWER = 4
/** What is done is seen before one notices having waited, in ms. */
const MOST = 100
/** Of each go the median of its rounds counts; the machine may be busy with something else, so of three goes the best. */
const GOES = 3
const ROUNDS = 3
let home, chromium, people, shut

before(async () => {
  if (skip) return
  ;({ home, chromium, people, shut } = await opened())
})

after(() => shut?.())

/** Notes every event until it was seen (https://w3c.github.io/event-timing/), and what kept the page busy. */
function listen() {
  window.events = []
  window.busy = []
  new PerformanceObserver((list) => window.events.push(...list.getEntries())).observe({ type: 'event', durationThreshold: 16 })
  new PerformanceObserver((list) => window.busy.push(...list.getEntries())).observe({ type: 'longtask' })
}

/** What one interaction took: until the browser began with it, the page's own work, until it was seen; and the longest task since. */
function heard() {
  const mine = window.events.splice(0).filter((it) => it.interactionId)
  const busy = Math.max(0, ...window.busy.splice(0).map((it) => it.duration))
  // What takes less than 16 ms is not told.
  if (mine.length === 0) return { waited: 0, worked: 0, all: 16, busy }
  const longest = mine.toSorted((a, b) => b.duration - a.duration)[0]
  const same = mine.filter((it) => it.interactionId === longest.interactionId)
  const worked = same.reduce((sum, it) => sum + it.processingEnd - it.processingStart, 0)
  return { waited: longest.processingStart - longest.startTime, worked, all: longest.duration, busy }
}

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

test('with a processor four times as slow, what one does is answered within 100 ms', { skip }, async () => {
  const { context, page } = await visitor(chromium, home.origin)
  await context.addInitScript(listen)
  const place = await be(page, home.origin, people.find((it) => it.key === 'nurse'))
  const client = await context.newCDPSession(page)
  let took
  /** Does one thing, waits until nothing moves, and notes what it took. */
  const doing = async (what, act) => {
    await settled(page)
    await page.evaluate(heard)
    await act()
    await page.waitForTimeout(120)
    await settled(page)
    took.set(what, [...(took.get(what) ?? []), await page.evaluate(heard)])
  }
  const round = async () => {
    await page.goto(`${home.origin}${place}patients`)
    await settled(page)
    await aRound(page, doing)
  }
  // The first loads the app's own files.
  took = new Map()
  await round()
  await client.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  const best = new Map()
  const slow = () => [...best].filter(([, it]) => it.all >= MOST).map(([what, it]) => `${what}: ${it.all} ms`)
  for (let go = 0; go < GOES && (go === 0 || slow().length > 0); go++) {
    took = new Map()
    for (let i = 0; i < ROUNDS; i++) await round()
    for (const [what, all] of took) {
      const found = Object.fromEntries(Object.keys(all[0]).map((part) => [part, Math.round(middle(all.map((it) => it[part])))]))
      if (!best.has(what) || found.all < best.get(what).all) best.set(what, found)
    }
  }
  for (const [what, it] of [...best].toSorted(([, a], [, b]) => b.all - a.all))
    console.log(`${what}: ${it.all} ms (${it.waited} until the browser began, ${it.worked} of work; longest task after it ${it.busy})`)
  assert.deepEqual(slow(), [])
  await context.close()
})

/** What a nurse does, from the list of patients to a note and back. */
async function aRound(page, doing) {
  const nav = page.getByRole('navigation', { name: 'Sections of the chart' })
  const dialog = page.getByRole('dialog')
  await doing('nothing: a click on a title', () => page.getByRole('heading', { level: 1 }).click())
  await page.getByLabel('Find a patient').focus()
  await doing('nothing: a key that is not heard', () => page.keyboard.press('F8'))
  for (const letter of 'sm') await doing('search: a letter', () => page.keyboard.press(letter))
  await doing('search: cleared', () => page.keyboard.press('Escape'))
  await doing('open a patient', () => page.getByRole('list', { name: 'Patients' }).getByRole('link').first().click())
  await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor()
  for (const name of await nav.getByRole('link').allInnerTexts()) {
    if (name === 'Overview') continue
    await doing(`section: ${name}`, () => nav.getByRole('link', { name, exact: true }).click())
    await page.getByRole('heading', { level: 2, name, exact: true }).waitFor()
  }
  await doing('section: Overview', () => nav.getByRole('link', { name: 'Overview' }).click())
  const forms = { Vitals: 'Chart vitals', Allergies: 'Add an allergy', Problems: 'Add a problem' }
  for (const [section, name] of Object.entries(forms)) {
    await nav.getByRole('link', { name: section }).click()
    await doing(`form: ${name}`, () => page.getByRole('button', { name }).click())
    if (section === 'Vitals') {
      await doing('form: a digit of a pressure', () => page.keyboard.press('1'))
      await doing('form: to the next field', () => page.keyboard.press('Tab'))
      await page.getByRole('button', { name: 'Discard' }).click()
    } else {
      await doing(section === 'Problems' ? 'form: a letter of a diagnosis' : 'form: a letter', () => page.keyboard.press('p'))
      await doing('form: closed', () => dialog.getByRole('button', { name: 'Cancel' }).click())
      await dialog.waitFor({ state: 'detached' })
    }
  }
  await doing('palette: opened', () => page.keyboard.press('Control+k'))
  for (const letter of 'vi') await doing('palette: a letter', () => page.keyboard.press(letter))
  await doing('palette: an arrow', () => page.keyboard.press('ArrowDown'))
  await doing('palette: closed', () => page.keyboard.press('Escape'))
  await dialog.waitFor({ state: 'detached' })
  await doing('menu: the account', () => page.getByRole('button', { name: /Account of/ }).click())
  await doing('menu: closed', () => page.keyboard.press('Escape'))
  await nav.getByRole('link', { name: 'Notes' }).click()
  await doing('note: which template', () => page.getByRole('button', { name: 'New note' }).click())
  await page.getByRole('option', { name: /^Shift note/ }).waitFor()
  await doing('note: a template chosen', () => page.getByRole('option', { name: /^Shift note/ }).click())
  await page.getByLabel('What happened', { exact: true }).click()
  for (const letter of 'wal') await doing('note: a letter', () => page.keyboard.press(letter))
  const shift = page.getByRole('group', { name: /^Shift/ })
  for (const name of ['Day', 'Evening']) await doing('note: a choice', () => shift.getByRole('radio', { name, exact: true }).click())
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Discard draft' }).click()
  await dialog.getByRole('button', { name: 'Discard draft' }).click()
  await page.getByRole('heading', { level: 2, name: 'Notes' }).waitFor()
  await doing('back to the patients', () => page.getByRole('link', { name: 'Patients', exact: true }).first().click())
}
