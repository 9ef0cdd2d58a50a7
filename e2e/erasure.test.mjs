// A record is restricted, held, and erased for ever by two people: in three browsers, and what a nurse sees of it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { LAPTOP, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { browser, house, missing, shot, takeUp, totp } from './house.mjs'

const skip = missing()
const PASSWORD = 'a lamp in the long corridor'
const NURSE = ['chart.read', 'chart.search', 'chart.write', 'notes.write']
const KEEPER = [...NURSE, 'audit.report', 'records.keep', 'records.restricted', 'records.erase']
const DIRECTOR = [...KEEPER, 'records.approve', 'organization.manage']
let home, chromium, nurse, keeper, director, path, resident

before(async () => {
  if (skip) return
  home = await house()
  chromium = await browser()
  nurse = await comes('Nils Okafor', 'Nurse', NURSE)
  keeper = await comes('Pia Lindqvist', 'Privacy officer', KEEPER)
  director = await comes('Dora Whitlock', 'Director', DIRECTOR)
})

after(async () => {
  await chromium?.close()
  await home?.close()
})

/** Somebody new, in a browser of their own. */
async function comes(name, role, permissions) {
  const email = `${name.split(' ')[0].toLowerCase()}@juniper.example`
  const there = await visitor(chromium, home.origin)
  const link = home.invite(email, name, role, permissions)
  const { secret } = await takeUp(there.page, link, name, PASSWORD)
  const [context] = new URL(there.page.url()).pathname.match(/^\/c\/[^/]+/)
  return { ...there, secret, steps: 0, context }
}

const dialog = ({ page }) => page.getByRole('dialog')
const press = (who, name) => who.page.getByRole('button', { name, exact: true }).click()
const title = (who, name) => who.page.getByRole('heading', { level: 1, name }).waitFor()

/** A code is good once: the next one is asked for. Its last digit sends it. It may be asked for above another dialog. */
async function prove(who) {
  const code = who.page.getByLabel('Code')
  await code.waitFor()
  await code.fill(totp(who.secret, who.steps++))
  await code.waitFor({ state: 'detached' })
  await dialog(who).waitFor({ state: 'detached' })
}

async function go(who, to) {
  await who.page.goto(`${home.origin}${who.context}${to}`)
  await settled(who.page)
}

/** The page as it is, on a phone and in the dark. */
async function everyWay({ page }, name) {
  await shot(page, name)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize(PHONE)
  await shot(page, `${name}-phone-dark`)
  await page.emulateMedia({ colorScheme: 'light' })
  await shot(page, `${name}-phone`)
  assert.equal(await tooWide(page), 0, `${name} is wider than a phone`)
  await page.setViewportSize(LAPTOP)
}

test('what stands in the way of erasing is said, and restricting comes first', { skip }, async () => {
  const { page } = keeper
  await go(keeper, '/patients')
  await page.locator('main a[href*="/patients/"]').first().click()
  await page.waitForURL(/\/patients\/[0-9a-f-]{36}/)
  path = new URL(page.url()).pathname.match(/\/patients\/[0-9a-f-]{36}/)[0]
  await settled(page)
  resident = await page.getByRole('heading', { level: 1 }).innerText()
  await page.getByRole('link', { name: 'Keeping', exact: true }).click()
  await page.getByText('It cannot be erased now:').waitFor()
  await page.getByText(/It has to be kept until/).waitFor()
  await everyWay(keeper, 'keeping')
  await press(keeper, 'Restrict the record…')
  await dialog(keeper).getByText(/nobody reads or writes it/).waitFor()
  await everyWay(keeper, 'restrict')
  await press(keeper, 'Restrict')
  await title(keeper, 'This record is restricted')
})

test('a nurse is told so and sees nothing; for a legal reason it opens', { skip }, async () => {
  await go(nurse, path)
  await title(nurse, 'This record is restricted')
  assert.equal(await nurse.page.getByRole('button', { name: 'Look at it for a legal reason' }).count(), 0)
  assert.equal(await nurse.page.getByText(resident).count(), 0)
  await everyWay(nurse, 'restricted-nurse')
  await go(nurse, '/patients')
  await nurse.page.locator('main a[href*="/patients/"]').first().waitFor()
  assert.equal(await nurse.page.getByText(resident).count(), 0, 'nor in a list')
  await everyWay(keeper, 'restricted-keeper')
  await press(keeper, 'Look at it for a legal reason')
  await title(keeper, resident)
  await keeper.page.getByText(/You look at it for a legal reason/).waitFor()
  await everyWay(keeper, 'restricted-looking')
  await press(keeper, 'Lift the restriction…')
  await press(keeper, 'Lift it')
  await press(keeper, 'Restrict the record…')
  await press(keeper, 'Cancel')
  await go(nurse, path)
  await title(nurse, resident)
})

test('a hold is placed and released', { skip }, async () => {
  await press(keeper, 'Place a hold…')
  await dialog(keeper).getByLabel('Which matter').fill('Doe v. Juniper, 26-1187')
  await press(keeper, 'Place the hold')
  await keeper.page.getByText('A legal hold stands.').waitFor()
  await everyWay(keeper, 'held')
  await go(keeper, '/oversight/records')
  await keeper.page.getByText('Doe v. Juniper, 26-1187').waitFor()
  await keeper.page.getByText(resident).first().waitFor()
  await everyWay(keeper, 'records')
  await keeper.page.getByRole('link', { name: `Open ${resident}` }).first().click()
  await press(keeper, 'Release…')
  await press(keeper, 'Release it')
  await keeper.page.getByText('No legal hold stands.').waitFor()
})

test('six years later one person asks, another approves, and it is gone', { skip: skip ?? noPsql() }, async () => {
  const id = path.split('/').at(-1)
  home.sql(`UPDATE chart.resource SET updated_at = now() - interval '6 years' WHERE patient_id = '${id}'`)
  // The organization takes no time to think.
  await go(director, '/oversight/keeping')
  const days = director.page.getByLabel('Days from the approval of an erasure until it is done')
  await days.fill('0')
  await press(director, 'Save')
  await prove(director)
  await director.page.getByText('Saved.').waitFor()
  await everyWay(director, 'keeping-days')

  await go(keeper, `${path}/keeping`)
  await press(keeper, 'Ask for it to be erased…')
  await dialog(keeper).getByText(/Nobody can bring it back/).waitFor()
  await everyWay(keeper, 'ask')
  await press(keeper, 'Ask for erasure')
  await dialog(keeper).getByText(/This is not/).waitFor()
  await dialog(keeper).getByRole('textbox').fill(resident)
  await press(keeper, 'Ask for erasure')
  await prove(keeper)
  await keeper.page.getByText('You asked for this. Somebody else decides.').waitFor()
  await everyWay(keeper, 'asked')

  await go(director, '/oversight/records')
  await director.page.getByText('Waits for approval').waitFor()
  await director.page.getByRole('link', { name: `Open ${resident}` }).first().click()
  await press(director, 'Approve…')
  await everyWay(director, 'approve')
  await dialog(director).getByRole('textbox').fill(resident)
  await press(director, 'Approve, erase for ever')
  await prove(director)
  await title(director, 'This record is restricted')
  await everyWay(director, 'approved')
  for (let tries = 0; tries < 20; tries++) {
    await go(nurse, path)
    if (await nurse.page.getByRole('heading', { level: 1, name: 'This record was erased' }).count()) break
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  await title(nurse, 'This record was erased')
  await everyWay(nurse, 'erased')
  await go(keeper, '/oversight/records')
  await keeper.page.getByText('An erased record').waitFor()
  await everyWay(keeper, 'records-erased')
  assert.equal(await keeper.page.getByText(resident).count(), 0)
})

test('nothing else went wrong on the way', { skip }, () => {
  // What is closed or gone is refused, which the browser and the page's boundary tell in the console.
  const expected = /console: (Failed to load resource|ApiError: HTTP).*\b(403|404|409|410)\b/
  for (const who of [nurse, keeper, director])
    assert.deepEqual(who.wrong.filter((it) => !expected.test(it)), [])
})

function noPsql() {
  try {
    execFileSync('psql', ['--version'])
    return false
  } catch {
    return 'no psql on this machine'
  }
}
