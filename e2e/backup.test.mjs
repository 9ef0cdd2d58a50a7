// A backup of a house at work is taken, rehearsed, and shown to who administers it.

import assert from 'node:assert/strict'
import { mkdtempSync, chmodSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axe, be, LAPTOP, opened, PHONE, settled, tooWide, visitor } from './demo.mjs'
import { missing, shot } from './house.mjs'

const skip = missing()
let home, chromium, people, shut, folder

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'll-backups-'))
  // PostgreSQL's user passes through it.
  chmodSync(folder, 0o755)
  process.env.LAMPLIGHT_BACKUP_DIR = join(folder, 'repository')
  ;({ home, chromium, people, shut } = await opened())
})

after(async () => {
  await shut?.()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

test('who administers a house sees that its backups are good', { skip }, async () => {
  const { context, page, wrong } = await visitor(chromium, home.origin)
  await be(page, home.origin, people.find((it) => it.key === 'organization-administrator'))
  const keeping = async () => {
    await page.getByRole('link', { name: 'Oversight', exact: true }).click()
    await page.getByRole('link', { name: 'Keeping and proof' }).click()
    await page.getByRole('heading', { level: 1, name: 'Keeping and proof' }).waitFor()
    await settled(page)
  }
  const line = (title) => page.getByRole('listitem').filter({ hasText: title })
  await keeping()
  await line('Nightly restore on trial').getByText('Not set up').waitFor()

  home.command('backup')
  const report = JSON.parse(home.command('rehearse', '--json'))
  assert.ok(report.checks.every((it) => it.done && it.faults.length === 0), JSON.stringify(report))
  await page.reload()
  for (const title of ['Archive of the database', 'Nightly backup', 'Nightly restore on trial'])
    await line(title).getByText('Working', { exact: true }).waitFor()
  await line('Nightly backup').getByText(/Last/).waitFor()
  for (const [size, called] of [[LAPTOP, 'laptop'], [PHONE, 'phone']])
    for (const scheme of ['light', 'dark']) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme: scheme })
      await settled(page)
      await shot(page, `backup-${called}-${scheme}`)
      assert.deepEqual(await axe(page), [])
      if (size === PHONE) assert.equal(await tooWide(page), 0)
    }
  assert.deepEqual(wrong, [])
  await context.close()
})
