// Taking records out in bulk, as somebody who administers the house does.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, be, cast, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { browser, house, missing, shot } from './house.mjs'

const skip = missing()
let home, chromium, people

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

/** Looks at the page as it is, on a laptop and on a phone. */
async function looked(page, name) {
  const size = page.viewportSize()
  await shot(page, `laptop-${name}`)
  const faults = await axe(page)
  await page.setViewportSize(PHONE)
  await shot(page, `phone-${name}`)
  assert.equal(await tooWide(page), 0, name)
  faults.push(...(await axe(page)))
  await page.setViewportSize(size)
  assert.deepEqual(faults, [], name)
}

test('records are taken out: asked for with proof, followed, saved, deleted', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin, { acceptDownloads: true })
  await be(page, home.origin, people.find((it) => it.key === 'organization-administrator'))
  await page.getByRole('link', { name: 'Exports' }).click()
  await page.getByRole('heading', { level: 1, name: 'Exports' }).waitFor()
  await settled(page)
  await looked(page, 'exports-empty')

  await page.getByRole('button', { name: 'Start the export' }).click()
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText(/The export has begun/).waitFor()
  await page.getByText(/kinds of record/).waitFor()
  await looked(page, 'exports-running')
  await page.getByText('Ready').waitFor({ timeout: 120_000 })
  await looked(page, 'exports-ready')

  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download Patient', exact: true }).click()
  const saved = await saving
  assert.match(saved.suggestedFilename(), /^Patient\.ndjson$/)
  let text = ''
  for await (const part of await saved.createReadStream()) text += part
  const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line))
  assert.ok(lines.length > 1 && lines.every((it) => it.resourceType === 'Patient'))

  await page.getByRole('button', { name: 'Delete the files now' }).click()
  await page.getByText('The files are deleted.').waitFor()
  await page.getByText('It was cancelled, and its files were deleted.').waitFor()
  await looked(page, 'exports-over')
  await context.close()
  // That proof was asked for is an answer too, and the browser reports it.
  assert.deepEqual(wrong.filter((it) => !it.includes('403')), [])
})

test('who may not take records out has no way there', { skip }, async () => {
  const { context, page } = await visitor(chromium, home.origin)
  const at = await be(page, home.origin, people.find((it) => it.key === 'nurse'))
  assert.equal(await page.getByRole('link', { name: 'Exports' }).count(), 0)
  await page.goto(`${home.origin}${at}exports`)
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await context.close()
})
