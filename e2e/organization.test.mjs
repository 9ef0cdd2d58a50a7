// An organization comes into being: from nothing to its administrator at work, in under a minute.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, house, missing, shot, takeUp, watch } from './house.mjs'

const skip = missing()
let home, chromium

before(async () => {
  if (skip) return
  home = await house()
  chromium = await browser()
})

after(async () => {
  await chromium?.close()
  await home?.close()
})

test('an organization from a kit has its administrator at work within a minute', { skip }, async (t) => {
  const began = performance.now()
  const made = JSON.parse(
    home.command(
      ...['organization', 'create', 'willow', '--name', 'Willow Clinic', '--kit', 'clinic', '--json'],
      ...['--facility', 'main', '--facility-name', 'Main Street', '--time-zone', 'America/Denver'],
      ...['--administrator', 'ana@willow.example', '--port', String(home.port)],
    ),
  )
  const page = await (await chromium.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
  page.setDefaultTimeout(15_000)
  const wrong = watch(page, `http://willow.localhost:${home.port}`)
  await takeUp(page, made.link, 'Ana Baker', 'a lamp in the long corridor')
  await page.getByText('Organization administrator').first().waitFor()
  const seconds = (performance.now() - began) / 1000
  t.diagnostic(`from nothing to the first administrator at work: ${seconds.toFixed(1)} s`)
  assert.ok(seconds < 60, `${seconds} s`)
  await shot(page, 'organization')
  // What the kit brought is there, and may be given.
  const { roles } = await page.evaluate(async () => {
    const headers = { 'lamplight-context': location.pathname.split('/')[2] }
    return (await fetch('/api/roles', { headers })).json()
  })
  assert.ok(roles.some((role) => role.role_key === 'nurse' && role.template === 'nurse'))
  assert.ok(!roles.some((role) => role.role_key === 'platform-administrator'))
  assert.deepEqual(wrong, [])
})
