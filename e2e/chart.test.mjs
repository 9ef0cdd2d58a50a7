// A nurse finds a resident by a misspelt name, charts vitals by keyboard, and sees them in the chart; then on a phone.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { atWork, missing, shot } from './house.mjs'

const skip = missing()
const PHONE = { width: 390, height: 844 }
let home, page, wrong, shut, resident

before(async () => {
  if (skip) return
  ;({ home, page, wrong, shut } = await atWork('Charge nurse'))
})

after(() => shut?.())

test('a resident is found by keyboard, though the name is misspelt', { skip }, async () => {
  await page.getByRole('link', { name: 'Patients' }).click()
  const list = page.getByRole('list', { name: 'Patients' })
  await list.getByRole('link').first().waitFor()
  await shot(page, 'patients')
  await page.keyboard.press('/')
  const name = await list.getByRole('link').first().innerText()
  // One letter of the last name is left out.
  const last = name.split(' ').at(-1)
  await page.keyboard.type(last.slice(0, 3) + last.slice(4))
  await page.getByText('These sound or look alike').waitFor()
  await list.getByRole('link', { name }).waitFor()
  await shot(page, 'patients-found')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor()
  resident = await page.getByRole('heading', { level: 1 }).innerText()
  assert.equal(resident.split(' ').at(-1), last)
  await shot(page, 'chart-overview')
})

test('vitals are charted by keyboard, once though clicked twice, and are in the chart', { skip }, async () => {
  await page.getByRole('navigation', { name: 'Sections of the chart' }).getByRole('link', { name: 'Vitals' }).click()
  await page.getByRole('button', { name: 'Chart vitals' }).click()
  await page.keyboard.type('131')
  for (const next of ['78', '72', '37.0']) {
    await page.keyboard.press('Tab')
    await page.keyboard.type(next)
  }
  await shot(page, 'vitals-form')
  await page.getByRole('button', { name: 'Save vitals' }).dblclick()
  await page.getByText('The vitals are saved.').waitFor()
  const row = page.getByRole('row').filter({ hasText: '131/78' })
  assert.match(await row.innerText(), /Ann Ortiz[\s\S]*131\/78[\s\S]*72[\s\S]*37\.0/)
  assert.equal(await row.count(), 1)
  await shot(page, 'vitals')
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('region', { name: 'Latest vitals' }).getByText('131/78').waitFor()
})

test('every section opens', { skip }, async () => {
  const nav = page.getByRole('navigation', { name: 'Sections of the chart' })
  for (const name of await nav.getByRole('link').allInnerTexts()) {
    await nav.getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 2, name }).waitFor()
    await shot(page, `chart-${name.toLowerCase().replaceAll(' ', '-')}`)
  }
})

test('on a phone nothing is wider than the screen, and who it is stays in sight', { skip }, async () => {
  await page.setViewportSize(PHONE)
  const nav = page.getByRole('navigation', { name: 'Sections of the chart' })
  for (const name of ['Overview', 'Vitals', 'Medications']) {
    await nav.getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 2, name }).waitFor()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= PHONE.width, `${name} is ${width} wide`)
    await shot(page, `phone-${name.toLowerCase()}`)
  }
  await nav.getByRole('link', { name: 'Vitals' }).click()
  await page.getByRole('row').filter({ hasText: '131/78' }).scrollIntoViewIfNeeded()
  assert.ok(await page.getByRole('heading', { level: 1, name: resident }).isVisible())
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
  const top = await page.getByRole('heading', { level: 1 }).evaluate((it) => it.getBoundingClientRect().top)
  assert.ok(top >= 0 && top < PHONE.height / 4, `the name is at ${top}`)
})

test('nothing of the resident is left in an address, a title or the browser’s storage', { skip }, async () => {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.title]))
  const last = resident.split(' ').at(-1)
  assert.ok(!kept.includes(last))
  assert.ok(!page.url().includes('?'))
  assert.ok(!home.log().includes(last), 'nor in the log')
  assert.deepEqual(wrong, [])
})
