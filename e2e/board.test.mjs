// One board on two screens: a card that one moves is seen to move by the other.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { be, LAPTOP, opened, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { missing, shot } from './house.mjs'

const skip = missing()
let shown, nurse, aide, task

before(async () => {
  if (skip) return
  shown = await opened()
  nurse = await watches('Maria Okafor')
  aide = await watches('Daniel Reyes')
})

after(async () => {
  await shown?.shut()
})

async function watches(name) {
  const there = await visitor(shown.chromium, shown.home.origin)
  const post = await be(there.page, shown.home.origin, shown.people.find((it) => it.name === name))
  await there.page.goto(`${shown.home.origin}${post}board`)
  await there.page.getByRole('heading', { level: 1, name: 'Task board' }).waitFor()
  await column(there, 'To do').getByRole('listitem').first().waitFor()
  await settled(there.page)
  return there
}

const column = ({ page }, name) => page.getByRole('region', { name, exact: true })
const card = (who, name, of) => column(who, name).getByRole('listitem').filter({ has: who.page.getByLabel(of) })

test('a card picked up with the keyboard is put into the next column, and seen there by the other', { skip }, async () => {
  const { page } = nurse
  const grab = column(nurse, 'To do').getByRole('button', { name: /^Pick up: / }).first()
  task = await grab.getAttribute('aria-label')
  await grab.focus()
  await page.keyboard.press('Space')
  await page.getByText('Over To do.').waitFor({ state: 'attached' })
  await page.keyboard.press('ArrowRight')
  await page.getByText('Over Doing.').waitFor({ state: 'attached' })
  await page.keyboard.press('Space')
  await card(nurse, 'Doing', task).waitFor()
  await page.getByText(/is now in “Doing”/).waitFor()
  const began = Date.now()
  await card(aide, 'Doing', task).waitFor()
  assert.ok(Date.now() - began < 5_000, 'seen within five seconds')
  await card(aide, 'Doing', task).getByText('Maria Okafor').waitFor()
})

test('it is dragged with the mouse to what waits, and says for what', { skip }, async () => {
  const { page } = aide
  const from = await card(aide, 'Doing', task).boundingBox()
  const to = await column(aide, 'Waiting').boundingBox()
  await page.mouse.move(from.x + 30, from.y + 14)
  await page.mouse.down()
  await page.mouse.move(to.x + 60, to.y + 40, { steps: 12 })
  await page.mouse.up()
  await page.getByRole('dialog').getByLabel('It waits for').fill('The therapist, who comes on Tuesday')
  await page.keyboard.press('Tab')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await card(aide, 'Waiting', task).waitFor()
  await card(nurse, 'Waiting', task).getByText('Waits: The therapist, who comes on Tuesday').waitFor()
})

test('what happened while the connection was lost is there when it is back', { skip }, async () => {
  await nurse.context.setOffline(true)
  await card(aide, 'Waiting', task).getByRole('button', { name: /^Move: / }).click()
  await aide.page.getByRole('menuitem', { name: 'Done', exact: true }).click()
  await column(aide, 'Done').getByRole('listitem').first().waitFor()
  await nurse.context.setOffline(false)
  await column(nurse, 'Done').getByText('Daniel Reyes').first().waitFor({ timeout: 30_000 })
  assert.equal(await card(nurse, 'Waiting', task).count(), 0)
})

test('the board fits a phone and the dark', { skip }, async () => {
  const { page, wrong } = nurse
  await shot(page, 'board')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot(page, 'board-dark')
  await page.setViewportSize(PHONE)
  await shot(page, 'board-phone-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await shot(page, 'board-phone')
  assert.equal(await tooWide(page), 0)
  await page.setViewportSize(LAPTOP)
  assert.deepEqual(wrong.filter((it) => !/offline|ERR_INTERNET|Failed to load|net::/i.test(it)), [])
})
