// A nurse adds a report and a photograph to a chart, looks at them and saves one; then on a phone. What a file holds never runs.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { atWork, missing, shot } from './house.mjs'

const skip = missing()
const PHONE = { width: 390, height: 844 }
let home, page, wrong, shut

/** A PDF of one page: words, a bar, and a script that must not run. */
function pdf(words) {
  const drawing = `BT /F1 22 Tf 60 760 Td (${words}) Tj ET\n0.1 0.45 0.4 rg 60 690 300 40 re f`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]
  let file = '%PDF-1.7\n'
  const places = objects.map((object, i) => {
    const at = file.length
    file += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(at).padStart(10, '0')} 00000 n \n`
  })
  const at = file.length
  file += `xref\n0 6\n0000000000 65535 f \n${places.join('')}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`
  return Buffer.from(file, 'latin1')
}

/** A picture of one colour that fades. */
function png(width, height) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length)
    body.copy(out, 4)
    out.writeUInt32BE(crc32(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const rows = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows.set(
        [(40 + (x * 180) / width) | 0, 120, (60 + (y * 160) / height) | 0],
        y * (width * 3 + 1) + 1 + x * 3,
      )
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const REPORT = pdf('Blood count, 1 March')
const choose = (files) => page.locator('input[type=file][multiple]').setInputFiles(files)
const list = () => page.getByRole('list').filter({ has: page.getByRole('button', { name: /^Open/ }) })

before(async () => {
  if (skip) return
  ;({ home, page, wrong, shut } = await atWork('Charge nurse'))
  await page.getByRole('link', { name: 'Patients' }).click()
  await page.getByRole('list', { name: 'Patients' }).getByRole('link').first().click()
  const nav = page.getByRole('navigation', { name: 'Sections of the chart' })
  await nav.getByRole('link', { name: 'Documents' }).click()
  await page.getByRole('heading', { level: 2, name: 'Documents' }).waitFor()
})

after(() => shut?.())

test('a report and a photograph are added together', { skip }, async () => {
  await shot(page, 'documents-none')
  await choose([
    { name: 'blood_count.pdf', mimeType: 'application/pdf', buffer: REPORT },
    { name: 'IMG_0001.png', mimeType: 'image/png', buffer: png(640, 420) },
  ])
  const dialog = page.getByRole('dialog', { name: 'About these files' })
  await dialog.getByLabel('Kind').first().selectOption('Laboratory report')
  await dialog.getByLabel('Title').nth(1).fill('Left heel')
  await shot(page, 'documents-about')
  await dialog.getByRole('button', { name: 'Add all 2' }).click()
  await page.getByRole('button', { name: 'Open blood count' }).waitFor()
  await page.getByRole('button', { name: 'Open Left heel' }).waitFor()
  await shot(page, 'documents-added')
  await page.getByRole('button', { name: 'Clear the list' }).click()
  assert.match(await list().textContent(), /blood count\s*Laboratory report/)
})

test('the report is drawn in a frame without an origin, and nothing in it runs', { skip }, async () => {
  await page.getByRole('button', { name: 'Open blood count' }).click()
  await page.getByText('1 page', { exact: true }).waitFor()
  const frame = page.frames().find((it) => it.url().endsWith('/preview'))
  await frame.locator('canvas').first().waitFor()
  const inside = await frame.evaluate(async () => {
    const tried = (what) => {
      try {
        return what() ? 'yes' : 'no'
      } catch {
        return 'refused'
      }
    }
    return {
      origin: self.origin,
      words: document.body.textContent.trim(),
      cookie: tried(() => document.cookie !== undefined),
      storage: tried(() => localStorage),
      parent: tried(() => parent.document),
      network: await fetch('/api/me').then(
        () => 'yes',
        () => 'refused',
      ),
    }
  })
  assert.deepEqual(inside, {
    origin: 'null',
    words: 'Blood count, 1 March',
    cookie: 'refused',
    storage: 'refused',
    parent: 'refused',
    network: 'refused',
  })
  await shot(page, 'documents-pdf')
  await page.getByRole('button', { name: 'Larger' }).click()
  await frame.waitForFunction(() => (document.querySelector('canvas')?.clientWidth ?? 0) > innerWidth)
  await page.getByRole('button', { name: 'Smaller' }).click()
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: 'Download blood count' }).click(),
  ])
  assert.equal(saved.suggestedFilename(), 'blood_count.pdf')
  assert.ok(readFileSync(await saved.path()).equals(REPORT), 'the same bytes')
  await page.keyboard.press('Escape')
})

test('the photograph is shown', { skip }, async () => {
  await page.getByRole('button', { name: 'Open Left heel' }).click()
  const picture = page.getByRole('img', { name: 'Left heel' })
  await picture.waitFor()
  await page.waitForFunction(() => document.querySelector('[role=dialog] img')?.naturalWidth === 640)
  await shot(page, 'documents-picture')
  await page.keyboard.press('Escape')
})

test('what is not what it says is told in plain words, and dropped files are taken', { skip }, async () => {
  const page_ = Buffer.from('<!doctype html><script>alert(1)</script>')
  await choose([{ name: 'letter.pdf', mimeType: 'application/pdf', buffer: page_ }])
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByText('This file is not what its name says it is, so it was not added.').waitFor()
  await choose([{ name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') }])
  await page.getByText(/drawing.svg is of a kind that is not taken/).waitFor()
  await page.evaluate(() => {
    const data = new DataTransfer()
    data.items.add(new File(['Slept well.'], 'night.txt', { type: 'text/plain' }))
    for (const kind of ['dragenter', 'drop'])
      document.body.dispatchEvent(
        new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }),
      )
  })
  await page.getByRole('dialog', { name: 'About this file' }).getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('button', { name: 'Open night' }).waitFor()
  await shot(page, 'documents-refused')
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await page.getByRole('button', { name: 'Open night' }).click()
  await page.getByText('Slept well.').waitFor()
  await page.keyboard.press('Escape')
})

test('a file of somebody else is marked as entered in error, and says why', { skip }, async () => {
  await page.getByRole('button', { name: 'Entered in error? Left heel' }).click()
  const dialog = page.getByRole('dialog', { name: /Left heel/ })
  await dialog.getByRole('button', { name: 'Mark it' }).click()
  await dialog.getByText('Please say what was wrong').waitFor()
  await dialog.getByLabel('What was wrong').fill('It is of her roommate.')
  await shot(page, 'documents-wrong')
  await dialog.getByRole('button', { name: 'Mark it' }).click()
  await page.getByText('Entered in error: It is of her roommate.').waitFor()
  await shot(page, 'documents-marked')
  assert.equal(await page.getByRole('button', { name: 'Entered in error? Left heel' }).count(), 0)
})

test('on a phone nothing is wider than the screen', { skip }, async () => {
  await page.setViewportSize(PHONE)
  const fits = async (what) => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= PHONE.width, `${what} is ${width} wide`)
  }
  await page.evaluate(() => window.scrollTo(0, 0))
  await fits('the list')
  await shot(page, 'phone-documents')
  await page.getByRole('button', { name: 'Open blood count' }).click()
  await page.getByText('1 page', { exact: true }).waitFor()
  await page.frameLocator('iframe').locator('canvas').first().waitFor()
  await fits('a report')
  await shot(page, 'phone-documents-pdf')
  await page.keyboard.press('Escape')
})

test('nothing of a file is left behind, and nothing went wrong', { skip }, async () => {
  const kept = await page.evaluate(async () =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.title,
      location.href,
      (await indexedDB.databases?.()) ?? [],
      await caches.keys(),
    ]),
  )
  assert.ok(!/blood|heel/i.test(kept), kept)
  assert.ok(!/blood_count|Left heel/.test(home.log()), 'nor in the log')
  // The frame was made to ask for something, and the browser tells of it, twice and in words of its version.
  const asked = (it) => it.includes('/api/me') && it.includes('Content Security Policy')
  assert.ok(wrong.some(asked))
  assert.deepEqual(
    wrong.filter((it) => !asked(it)),
    [],
  )
})
