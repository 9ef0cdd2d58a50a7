// The app around the pages: keyboard, what is left behind, what is loaded, without a network, and what becomes of scripts
// that somebody types.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { be, entered, opened, PHONE, settled, visitor } from './demo.mjs'
import { missing, shot } from './house.mjs'
import { PAYLOADS } from './payloads.mjs'

const skip = missing()
let home, chromium, people, shut
const who = (key) => people.find((it) => it.key === key)

before(async () => {
  if (skip) return
  ;({ home, chromium, people, shut } = await opened())
})

after(() => shut?.())

/** Someone at their patients. */
async function atPatients(key, options) {
  const one = await visitor(chromium, home.origin, options)
  one.place = await be(one.page, home.origin, who(key))
  await one.page.goto(`${home.origin}${one.place}patients`)
  await settled(one.page)
  return one
}

/** Opens the first patient of the list; gives their name. */
async function openFirst(page) {
  const first = page.getByRole('list', { name: 'Patients' }).getByRole('link').first()
  const name = await first.innerText()
  await first.click()
  await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor()
  return name
}

test('Tab comes to everything that can be used, and where it is can be seen', { skip }, async () => {
  const { context, page, place } = await atPatients('organization-administrator')
  const first = (await page.locator('a[data-patient]').first().getAttribute('href')) ?? ''
  const pages = ['patients', 'admit', 'people', 'people/invite', 'roles', 'facilities', '']
  for (const path of [...pages.map((it) => place + it), first, `${first}/vitals`, `${first}/medications`]) {
    await page.goto(home.origin + path)
    await settled(page)
    const missed = await tabThrough(page)
    assert.deepEqual(missed, [], path)
  }
  await context.close()
})

/** Presses Tab until it is back; gives what was not come to, and where nothing showed. */
async function tabThrough(page) {
  const all = await page.evaluate(() => {
    const use = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
    const shown = (it) => it.checkVisibility({ visibilityProperty: true }) && it.getClientRects().length > 0
    // Of a group of radio buttons Tab comes to one.
    const passed = (it) => it.disabled || it.tabIndex < 0 || (it.type === 'radio' && !it.checked) || it.closest('[inert]')
    window.toReach = new Set([...document.querySelectorAll(use)].filter((it) => shown(it) && !passed(it)))
    window.look = (it) => {
      const styles = [it, it.parentElement, it.labels?.[0], it.nextElementSibling].filter(Boolean).map((one) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } = getComputedStyle(one)
        const after = getComputedStyle(one, '::after')
        return [outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor, after.outlineStyle, after.outlineWidth]
      })
      return JSON.stringify(styles)
    }
    window.before = new Map([...window.toReach].map((it) => [it, window.look(it)]))
    window.unseen = []
    document.activeElement?.blur?.()
    return window.toReach.size
  })
  for (let presses = 0; presses < all + 40; presses++) {
    await page.keyboard.press('Tab')
    const left = await page.evaluate(() => {
      const at = document.activeElement
      if (window.toReach.delete(at) && window.look(at) === window.before.get(at)) window.unseen.push(at.outerHTML.slice(0, 120))
      return window.toReach.size
    })
    if (left === 0) break
  }
  return page.evaluate(() => [
    ...[...window.toReach].map((it) => `not reached: ${it.outerHTML.slice(0, 160)}`),
    ...window.unseen.map((it) => `not seen: ${it}`),
  ])
}

test('a dialog keeps the keyboard and gives it back', { skip }, async () => {
  const { context, page } = await atPatients('nurse')
  const opener = page.getByRole('button', { name: /^Search and go/ })
  await opener.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press('Tab')
    assert.ok(await dialog.evaluate((it) => it.contains(document.activeElement)), 'Tab left the dialog')
  }
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.activeElement?.textContent?.startsWith('Search and go'))
  await context.close()
})

test('one facility is chosen in the bar by keyboard, for this tab', { skip }, async () => {
  const { context, page } = await atPatients('nurse')
  const bar = page.getByRole('combobox', { name: 'Show facility' })
  const places = new Set(who('nurse').posts[0].facilities)
  const [one, other] = [...places]
  await bar.selectOption({ label: one })
  await page.getByText(`Only ${one} is shown.`).waitFor()
  await settled(page)
  const rows = await page.getByRole('list', { name: 'Patients' }).getByRole('listitem').allInnerTexts()
  assert.ok(rows.length > 5 && rows.every((row) => row.includes(one) && !row.includes(other)))
  await shot(page, 'facility-chosen')
  await page.setViewportSize(PHONE)
  await shot(page, 'phone-facility-chosen')
  await context.close()
})

test('dates are those of the facility, whatever the clock of the browser says', { skip }, async () => {
  const seen = []
  for (const timezoneId of ['Asia/Tokyo', 'America/Los_Angeles']) {
    const { context, page } = await atPatients('nurse', { timezoneId })
    await openFirst(page)
    await page.getByRole('navigation', { name: 'Sections of the chart' }).getByRole('link', { name: 'Vitals' }).click()
    await page.getByRole('row').nth(1).waitFor()
    seen.push((await page.getByRole('row').allInnerTexts()).slice(0, 12).join('\n'))
    await context.close()
  }
  assert.match(seen[0], /\d{1,2}:\d{2}/)
  assert.equal(seen[0], seen[1])
})

test('nothing of whom one may not see is left by whoever was there before', { skip }, async () => {
  const { context, page, place } = await atPatients('organization-administrator', { serviceWorkers: 'allow' })
  const foreign = await foreignMarkers(page, place)
  assert.ok(foreign.length > 50)
  await page.getByLabel('Find a patient').fill(foreign.family)
  await settled(page)
  const seen = await openFirst(page)
  await page.getByRole('button', { name: /Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out of this device' }).click()
  await page.getByRole('heading', { level: 1, name: 'Try Lamplight as…' }).waitFor()
  for (let back = 0; back < 6; back++) {
    await page.goBack({ waitUntil: 'commit' }).catch(() => null)
    if (!page.url().startsWith(home.origin)) break
    await page.waitForTimeout(150)
    assert.ok(!(await page.locator('body').innerText()).includes(seen), `Back showed ${seen}`)
  }
  // The nurse takes the same browser.
  const answers = []
  page.on('response', (answer) => {
    if (/\/(api|fhir)\//.test(answer.url())) answers.push(answer.text().catch(() => ''))
  })
  const own = await be(page, home.origin, who('nurse'))
  const documents = []
  for (const path of ['', 'patients', 'people', 'roles', 'emergencies']) {
    await page.goto(home.origin + own + path)
    await settled(page)
    documents.push(await page.content())
  }
  await page.goto(`${home.origin}${own}patients`)
  await openFirst(page)
  documents.push(await page.content(), await leftBehind(page), ...(await Promise.all(answers)))
  const all = documents.join('\n')
  assert.deepEqual(foreign.filter((marker) => all.includes(marker)), [])
  const gone = await page.evaluate((path) => fetch(path, { headers: { Accept: 'application/fhir+json' } }).then((it) => it.status), `/fhir/R4/Patient/${foreign[0]}`)
  assert.ok(gone >= 400)
  await context.close()
})

/** Ids and numbers of residents of houses where the nurse does not work; `family` is the last name of one. */
async function foreignMarkers(page, place) {
  const mine = who('nurse').posts[0].facilities
  const found = await page.evaluate(
    async ([context, mine]) => {
      const headers = { 'Lamplight-Context': context, Accept: 'application/fhir+json' }
      const bundle = await (await fetch('/fhir/R4/Patient?_count=200', { headers })).json()
      const others = bundle.entry.map((it) => it.resource).filter((it) => !mine.includes(it.managingOrganization?.display))
      return { markers: others.flatMap((it) => [it.id, ...it.identifier.map((one) => one.value)]), family: others[0].name[0].family }
    },
    [place.split('/')[2], mine],
  )
  return Object.assign(found.markers, { family: found.family })
}

/** Everything that the browser keeps for this origin. */
function leftBehind(page) {
  return page.evaluate(async () => {
    const kept = [JSON.stringify([{ ...localStorage }, { ...sessionStorage }]), document.cookie]
    for (const { name } of await indexedDB.databases()) kept.push(`database ${name}`)
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) kept.push(request.url, await (await cache.match(request)).text())
    }
    return kept.join('\n')
  })
}

test('the first screen is under 250 KB of script, compressed', { skip }, async () => {
  const measured = {}
  const faults = []
  for (const [name, key] of [['the door'], ['a nurse’s patients', 'nurse']]) {
    const { context, page, place } = key ? await atPatients(key) : await visitor(chromium, home.origin)
    const client = await context.newCDPSession(page)
    await client.send('Network.enable')
    await client.send('Network.setCacheDisabled', { cacheDisabled: true })
    await client.send('Network.setBypassServiceWorker', { bypass: true })
    const scripts = new Map()
    client.on('Network.responseReceived', ({ requestId, type, response }) => {
      if (type !== 'Script' || response.url.endsWith('/worker.js')) return
      const { 'content-encoding': coding, 'cache-control': keep } = response.headers
      if (!keep?.includes('immutable')) faults.push(`${response.url}: ${keep}`)
      scripts.set(requestId, { coding, head: response.encodedDataLength, bytes: 0 })
    })
    client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const one = scripts.get(requestId)
      if (!one) return
      one.bytes = encodedDataLength - one.head
      if (!one.coding && encodedDataLength > 2000) faults.push(`${encodedDataLength} bytes as they are`)
    })
    await page.goto(key ? `${home.origin}${place}patients` : `${home.origin}/sign-in`)
    await settled(page)
    measured[name] = [...scripts.values()].reduce((sum, it) => sum + it.bytes, 0)
    console.log(`${name}: ${(measured[name] / 1000).toFixed(0)} KB of script in ${scripts.size} files`)
    await context.close()
  }
  assert.deepEqual(faults, [])
  for (const bytes of Object.values(measured)) assert.ok(bytes > 50_000 && bytes < 250_000)
})

test('without a network the app starts, says so calmly, and goes on by itself', { skip }, async () => {
  const { context, page, wrong, place } = await atPatients('nurse', { serviceWorkers: 'allow' })
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.waitForFunction(async () => (await caches.keys()).length > 0)
  await context.setOffline(true)
  await page.getByText('This device is offline.', { exact: false }).waitFor()
  await shot(page, 'offline-banner')
  await page.goto(`${home.origin}${place}patients`)
  await page.getByRole('heading', { level: 1, name: 'No connection' }).waitFor()
  await shot(page, 'offline-start')
  const kept = await page.evaluate(async () => {
    const all = []
    for (const name of await caches.keys()) all.push(...(await (await caches.open(name)).keys()).map((it) => new URL(it.url).pathname))
    return all
  })
  assert.ok(kept.length > 20)
  assert.deepEqual(kept.filter((it) => !/^\/(assets\/|index\.html|lamp)/.test(it)), [], 'the app’s own files and nothing else')
  await context.setOffline(false)
  await page.getByRole('heading', { level: 1, name: 'Patients' }).waitFor()
  assert.deepEqual(wrong.filter((it) => !/ERR_INTERNET_DISCONNECTED|Unreachable|Failed to load resource|FetchEvent/.test(it)), [])
  await context.close()
})

test('60 scripts typed into every field run nowhere', { skip }, async () => {
  assert.equal(new Set(PAYLOADS).size, 60)
  const { context, page, wrong, place } = await atPatients('organization-administrator')
  const ran = []
  await page.exposeFunction('pwned', () => ran.push('a call'))
  page.on('dialog', (dialog) => {
    // The browser asks whether what was typed may go.
    if (dialog.type() === 'beforeunload') return dialog.accept()
    ran.push(`a dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  const fields = async () => {
    const all = await page.locator('main input:not([type]), main input[type=text], main input[type=search], main input[type=email], main input[type=tel], main textarea').all()
    const open = []
    for (const it of all) if ((await it.isVisible()) && (await it.isEditable())) open.push(it)
    return open
  }
  let typed = 0
  for (const path of ['patients', 'admit', 'people', 'people/invite', 'add-role', 'facilities', 'emergencies']) {
    await page.goto(`${home.origin}${place}${path}`)
    await settled(page)
    for (const field of await fields())
      for (const payload of PAYLOADS) {
        await field.fill(payload, { timeout: 3000 }).catch((error) => assert.fail(`${path}: ${error.message}`))
        typed += 1
      }
  }
  // Kept, and shown again: six residents whose every word is a script, in lists, charts and the palette.
  for (let at = 0; at < PAYLOADS.length; at += 10) await admit(page, place, PAYLOADS.slice(at, at + 10))
  for (const words of ['<script>', 'onerror', 'javascript:']) {
    await page.goto(`${home.origin}${place}patients`)
    await page.getByLabel('Find a patient').fill(words)
    await settled(page)
    await page.getByRole('button', { name: /^Search and go/ }).click()
    await page.keyboard.type(words)
    await page.waitForTimeout(300)
    await page.keyboard.press('Escape')
  }
  console.log(`${typed} times typed`)
  assert.ok(typed >= 600)
  assert.deepEqual(ran, [])
  assert.equal(await page.evaluate(() => document.querySelectorAll('img[src=x], svg[onload], iframe, object, embed').length), 0)
  assert.deepEqual(wrong.filter((it) => !it.includes('status of 4')), [])
  await context.close()
})

/** Admits somebody whose words these are, looks at the chart, and comes back. */
async function admit(page, place, words) {
  await page.goto(`${home.origin}${place}admit`)
  await settled(page)
  const labels = ['First name', 'Last name', 'Phone', 'Name of the contact', 'Relation to the patient', 'Phone of the contact']
  for (const [at, label] of labels.entries()) await page.getByLabel(label, { exact: true }).fill(words[at])
  await page.getByLabel('Date of birth').fill('1941-05-06')
  await page.getByLabel('Sex').selectOption({ index: 1 })
  const facility = page.getByLabel('Facility', { exact: true })
  if (await facility.count()) await facility.selectOption({ index: 1 })
  await page.getByRole('button', { name: 'Admit', exact: true }).click()
  // What is refused is said; what is taken is a chart.
  await Promise.race([entered(page).catch(() => null), page.waitForTimeout(1200)])
  await settled(page)
}
