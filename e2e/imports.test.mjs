// Coming from spreadsheets: a file of an old house is brought in by whoever administers the new one, and taken back.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, be, cast, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { browser, house, missing, shot } from './house.mjs'

const skip = missing()
let home, chromium, people

const PATIENTS = `Resident No;Last Name;First Name;Date of birth;M/F;Home phone;Favourite colour
A-1;Ashgrove;Beatrix;14/3/1941;F;555-201-3000;green
A-2;Birchwood;Conrad;20/1/1938;M;555-201-3001;blue
A-3;Cedarholm;Delphine;31/31/1936;F;555-201-3002;red
A-4;Doverstone;Edmund;2/5/41;M;call the son;red
A-5;Elmsworth;Florence;28/12/1933;lady;555-201-3004;
A-1;Ashgrove;Beatrix;14/3/1941;F;;
`

before(async () => {
  if (skip) return
  home = await house()
  chromium = await browser()
  const { context, page } = await visitor(chromium, home.origin)
  people = await cast(page, home.origin)
  await context.close()
})

after(async () => {
  await chromium?.close()
  await home?.close()
})

/** Looks at the page as it is, on a laptop and on a phone, by light and in the dark. */
async function looked(page, name) {
  const size = page.viewportSize()
  await shot(page, `laptop-${name}`)
  const faults = await axe(page)
  await page.setViewportSize(PHONE)
  await shot(page, `phone-${name}`)
  assert.equal(await tooWide(page), 0, name)
  faults.push(...(await axe(page)))
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot(page, `phone-${name}-dark`)
  faults.push(...(await axe(page)))
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(size)
  assert.deepEqual(faults, [], name)
}

test('a spreadsheet is mapped, checked, brought in, and taken back', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin, { acceptDownloads: true })
  await be(page, home.origin, people.find((it) => it.key === 'organization-administrator'))
  await page.getByRole('link', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Import' }).waitFor()
  await settled(page)
  await looked(page, 'imports-empty')

  const picker = page.waitForEvent('filechooser')
  await page.getByLabel('File', { exact: true }).click()
  const file = { name: 'residents.csv', mimeType: 'text/csv', buffer: Buffer.from(PATIENTS) }
  await (await picker).setFiles(file)
  await page.getByRole('button', { name: 'Continue' }).click()

  await page.getByRole('heading', { name: 'What are the columns?' }).waitFor()
  const becomes = (heading) => page.getByLabel(`${heading} becomes`)
  assert.equal(await becomes('Date of birth').inputValue(), 'birth_date')
  assert.equal(await becomes('Favourite colour').inputValue(), '')
  // The dates told the order themselves.
  assert.ok(await page.getByLabel(/^Day first/).isChecked())
  await becomes('Resident No').selectOption('')
  await page.getByText('Still needed: Identifier.').waitFor()
  await becomes('Resident No').selectOption('id')
  await settled(page)
  await looked(page, 'imports-columns')
  await page.getByRole('button', { name: 'Check the rows' }).click()

  const run = page.getByRole('button', { name: 'Import 2 rows' })
  await run.waitFor()
  await page.getByText('Birth date: the year needs four digits').first().waitFor()
  await page.getByText('Sex: not one of female, male, other, unknown').first().waitFor()
  await page.getByText('Row 4', { exact: true }).waitFor()
  assert.equal(await page.getByText('Cedarholm').count(), 0, 'values of faulty rows are not repeated')
  await settled(page)
  await looked(page, 'imports-checked')
  await run.click()

  await page.getByText(/All \d+ cells say the same/).waitFor()
  await page.getByLabel('Which rows').selectOption('created')
  await page.getByRole('link', { name: 'Open the chart of row 2' }).waitFor()
  await settled(page)
  await looked(page, 'imports-done')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the report' }).click()
  assert.match((await download).suggestedFilename(), /^import-patients\.csv$/)
  const here = page.url()
  await page.getByRole('link', { name: 'Open the chart of row 2' }).click()
  await page.getByRole('heading', { level: 1, name: /Beatrix Ashgrove/ }).waitFor()

  await page.goto(here)
  await page.getByRole('button', { name: 'Undo the import' }).click()
  await page.getByRole('button', { name: 'Undo it' }).click()
  await page.getByText('Everything it had imported was taken back.').waitFor()
  await settled(page)
  await looked(page, 'imports-undone')
  await page.getByRole('link', { name: 'All imports' }).click()
  await page.getByRole('button', { name: 'Continue' }).waitFor()
  await page.getByText('Undone', { exact: true }).waitFor()
  await settled(page)
  await looked(page, 'imports-list')
  assert.deepEqual(wrong, [])
  await context.close()
})

test('who may not import has no such page', { skip }, async () => {
  const { context, page } = await visitor(chromium, home.origin)
  const path = await be(page, home.origin, people.find((it) => it.key === 'nurse'))
  assert.equal(await page.getByRole('link', { name: 'Import', exact: true }).count(), 0)
  await page.goto(`${home.origin}${path}imports`)
  await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor()
  await context.close()
})
