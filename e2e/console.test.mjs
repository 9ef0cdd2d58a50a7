// Administering houses: another one is opened, an auditor is answered, figures are read, access is reviewed.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, be, LAPTOP, opened, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { missing, shot } from './house.mjs'

const skip = missing()
let home, chromium, people, shut

before(async () => {
  if (skip) return
  ;({ home, chromium, people, shut } = await opened())
})

after(() => shut?.())

const who = (key) => people.find((it) => it.key === key)

/** Looks at the page as it is: on a laptop and a phone, by day and by night. */
async function looked(page, name) {
  const faults = []
  for (const [size, called] of [[LAPTOP, 'laptop'], [PHONE, 'phone']])
    for (const scheme of ['light', 'dark']) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: scheme })
      await settled(page)
      await shot(page, `console-${name}-${called}-${scheme}`)
      faults.push(...(await axe(page)).map((it) => `${called} ${scheme}: ${it}`))
      if (size === PHONE) assert.equal(await tooWide(page), 0, name)
    }
  await page.setViewportSize(LAPTOP)
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(faults, [], name)
}

/** What a download holds. */
async function download(page, act) {
  const coming = page.waitForEvent('download')
  await act()
  const saved = await coming
  const parts = []
  for await (const part of await saved.createReadStream()) parts.push(part)
  return { name: saved.suggestedFilename(), bytes: Buffer.concat(parts) }
}

test('another house is opened, and stands in the figures at once', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin, { acceptDownloads: true })
  await be(page, home.origin, who('organization-administrator'))
  await page.getByRole('link', { name: 'Facilities', exact: true }).click()
  await page.getByRole('button', { name: 'Open a facility' }).click()
  await page.getByLabel('What it is called').first().fill('Willow Brook')
  await page.getByLabel(/^Its short name/).fill('willow-brook')
  await page.getByRole('button', { name: 'Open the facility' }).click()
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText(/The facility is open/).waitFor()

  await page.getByRole('link', { name: 'Oversight', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Figures' }).waitFor()
  const sites = page.getByRole('table', { name: 'By facility' }).first()
  await sites.getByRole('rowheader', { name: 'Willow Brook' }).waitFor()
  assert.equal(await sites.getByRole('row').count(), 8, 'six houses, a head and a foot')
  const beds = await sites.getByRole('row').last().getByRole('cell').first().innerText()
  assert.ok(Number(beds.replaceAll(',', '')) > 50, `residents: ${beds}`)
  await page.getByRole('button', { name: 'Look now' }).click()
  await page.getByRole('table', { name: 'Right now' }).getByText('…').first().waitFor({ state: 'detached' })
  await looked(page, 'figures')
  const table = await download(page, () => page.getByRole('button', { name: 'Take along (CSV)' }).click())
  assert.equal(table.name, 'figures.csv')
  assert.match(table.bytes.toString(), /^facility,from,to,residents,/)
  await context.close()
  assert.deepEqual(wrong.filter((it) => !it.includes('403')), [])
})

test('an auditor is answered: what was done, why, and the report to take along', { skip }, async () => {
  const nurse = await visitor(chromium, home.origin)
  await be(nurse.page, home.origin, who('nurse'))
  await nurse.page.getByRole('link', { name: 'Patients', exact: true }).click()
  await nurse.page.locator('main li a').first().click()
  await nurse.page.waitForURL(/patients\/[0-9a-f-]{36}/)
  await settled(nurse.page)
  const resident = await nurse.page.getByRole('heading', { level: 1 }).innerText()
  await nurse.context.close()

  const { context, page, wrong } = await visitor(chromium, home.origin, { acceptDownloads: true })
  await be(page, home.origin, who('privacy-officer'))
  await page.getByRole('link', { name: 'Oversight', exact: true }).click()
  await page.getByRole('link', { name: 'Log', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'What was done here' }).waitFor()
  const found = page.getByRole('list', { name: 'What was found' })
  await found.waitFor()
  await page.getByLabel('Who did it').selectOption({ label: 'Maria Okafor, Nurse' })
  await page.getByLabel('What was done').selectOption('viewed')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await found.getByText('Maria Okafor, Nurse').first().waitFor()
  await settled(page)
  await looked(page, 'log')
  await page.getByRole('button', { name: /^Why was this allowed\?/ }).first().click()
  const why = page.getByRole('dialog', { name: 'Why this was allowed' })
  await why.getByText(/The post had this permission/).waitFor()
  await looked(page, 'why')
  await page.keyboard.press('Escape')
  const one = found.getByRole('button', { name: /^Only / }).first()
  const name = (await one.innerText()).trim()
  await one.click()
  await page.getByText(`Who looked at the record of ${name}.`, { exact: false }).waitFor()
  assert.ok(!page.url().match(/[0-9a-f-]{36}.*[0-9a-f-]{36}/), 'nobody stands in the address')
  const paper = await download(page, () => page.getByRole('button', { name: 'PDF', exact: true }).click())
  assert.equal(paper.name, 'who-looked.pdf')
  assert.equal(paper.bytes.subarray(0, 5).toString(), '%PDF-')
  const csv = await download(page, () => page.getByRole('button', { name: 'Table (CSV)' }).click())
  assert.match(csv.bytes.toString(), /^time,who,role,/)
  assert.ok(csv.bytes.toString().includes('Maria Okafor'), 'the nurse is in it')
  assert.ok(!csv.bytes.toString().includes(name), 'the table names nobody whom it is about')
  assert.ok(resident.length > 0)
  await context.close()
  assert.deepEqual(wrong, [])
})

test('an executive reads figures by week, and no charts', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin)
  await be(page, home.origin, who('executive'))
  await page.getByRole('link', { name: 'Oversight', exact: true }).click()
  await page.getByText(/Your post sees no charts/).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Patients', exact: true }).count(), 0)
  assert.equal(await page.getByRole('button', { name: 'Look now' }).count(), 0)
  await looked(page, 'executive')
  await context.close()
  assert.deepEqual(wrong, [])
})

test('access to a house is reviewed, and what is kept is said', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin)
  await be(page, home.origin, who('organization-administrator'))
  await page.getByRole('link', { name: 'Oversight', exact: true }).click()
  await page.getByRole('link', { name: 'Access reviews', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Access reviews' }).waitFor()
  await settled(page)
  await looked(page, 'reviews')
  await page.getByRole('button', { name: /^Begin a review of/ }).first().click()
  await page.getByRole('heading', { level: 1, name: /^Access to/ }).waitFor()
  await page.getByRole('button', { name: /^Keep Maria Okafor/ }).or(page.getByRole('button', { name: /^Keep / }).first()).first().click()
  await page.getByText(/left to decide/).waitFor()
  await settled(page)
  await looked(page, 'review')
  await page.getByRole('link', { name: 'Keeping and proof', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Keeping and proof' }).waitFor()
  await page.getByText('Not set up').first().waitFor()
  await looked(page, 'keeping')
  await context.close()
  assert.deepEqual(wrong.filter((it) => !it.includes('403')), [])
})

test('who gave whom their access is a picture, and a table', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin)
  await be(page, home.origin, who('organization-administrator'))
  await page.getByRole('link', { name: 'Oversight', exact: true }).click()
  await page.getByRole('link', { name: 'Who made whom', exact: true }).click()
  const picture = page.getByRole('list', { name: 'Who gave whom their access' })
  await picture.getByRole('link', { name: /Maria Okafor/ }).waitFor()
  await looked(page, 'chains')
  await page.getByText('Table', { exact: true }).click()
  await page.getByRole('table', { name: 'Who gave whom their access' }).waitFor()
  await looked(page, 'chains-table')
  await context.close()
  assert.deepEqual(wrong, [])
})
