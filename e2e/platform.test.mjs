// The plane above organizations: it makes one, asks to look over a shoulder there, and sees no more than it is shown.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, enrol, house, missing, shot, takeUp, totp, watch } from './house.mjs'

const PASSWORD = 'a lamp in the long corridor'
const skip = missing()
let home, chromium, olga, secret, ana, key

/** The link in the newest mail to an address, from the page that development shows. */
async function mailed(to) {
  const text = await (await fetch(`http://localhost:${home.port}/mailbox`)).text()
  const mail = text.slice(text.indexOf(to))
  return mail.match(/https?:\/\/[^\s"<>]+\/invitation#[\w-]+/)[0].replaceAll('&amp;', '&')
}

/** Proves once more who it is, with the code of now or of the next half minute: none is good twice. */
async function prove(page, key, steps) {
  const proof = page.getByRole('dialog', { name: 'Is it really you?' })
  await proof.getByRole('textbox', { name: 'Code' }).fill(totp(key, steps))
  await proof.waitFor({ state: 'detached' })
}

async function newPage() {
  const page = await (await chromium.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  page.setDefaultTimeout(15_000)
  return page
}

before(async () => {
  if (skip) return
  home = await house()
  chromium = await browser()
})

after(async () => {
  await chromium?.close()
  await home?.close()
})

test('whoever is invited to the plane arrives there', { skip }, async () => {
  const link = home
    .command(
      ...['platform', 'invite', '--email', 'olga@lamplight.example', '--name', 'Olga', '--all'],
      ...['--port', String(home.port)],
    )
    .split('\n')[0]
  olga = await newPage()
  const wrong = watch(olga, `http://localhost:${home.port}`)
  secret = (await enrol(olga, link, 'Olga Ruiz', PASSWORD)).secret
  await olga.waitForURL(/\/console/)
  await olga.getByRole('heading', { name: 'Organizations' }).waitFor()
  await shot(olga, 'platform-organizations')
  assert.deepEqual(wrong, [])
})

test('it makes an organization, whose administrator alone gets the link', { skip }, async () => {
  await olga.goto(`http://localhost:${home.port}/console/create`)
  await olga.getByLabel('Name', { exact: true }).fill('Willow Clinic')
  await olga.getByLabel('Name of the site', { exact: true }).fill('Main Street')
  await olga.getByLabel('Name of the administrator').fill('Ana Baker')
  await olga.getByLabel('E-mail address of the administrator').fill('ana@willow.example')
  await shot(olga, 'platform-create')
  await olga.getByRole('button', { name: 'Create an organization' }).click()
  await prove(olga, secret, 0)
  await olga.getByRole('heading', { name: 'Willow Clinic' }).waitFor()
  await shot(olga, 'platform-organization')
  assert.ok(!(await olga.content()).includes('invitation#'))
  ana = await newPage()
  key = (await takeUp(ana, await mailed('ana@willow.example'), 'Ana Baker', PASSWORD)).secret
  await ana.getByText('Organization administrator').first().waitFor()
})

test('support is asked for, given and felt on every page, and ends at once', { skip }, async () => {
  await olga.goto(`http://localhost:${home.port}/console/support`)
  await olga.getByRole('button', { name: 'Ask for access' }).click()
  await olga.getByLabel('Address of the organization').fill('willow-clinic')
  await olga.getByLabel('Why').fill('The invitations do not arrive.')
  await olga.getByRole('button', { name: 'Ask', exact: true }).click()
  await prove(olga, secret, 1)
  await olga.getByText(/Waits for the organization/).waitFor()
  await ana.getByRole('link', { name: 'Support', exact: true }).click()
  await ana.getByText('The invitations do not arrive.').waitFor()
  const whose = ana.getByLabel('Share what this person sees')
  await whose.locator('option', { hasText: 'Ana Baker' }).waitFor({ state: 'attached' })
  await whose.selectOption({ label: (await whose.locator('option').allInnerTexts()).find((it) => it.startsWith('Ana')) })
  await shot(ana, 'support-asked')
  await ana.getByRole('button', { name: 'Share it' }).click()
  await prove(ana, key, 0)
  await ana.getByText(/sees what you shared from now on/).waitFor()
  // It is one of Olga's posts now, and says on every page whose view it is.
  await olga.goto(`http://localhost:${home.port}/?all=true`)
  await olga.getByRole('link', { name: /Willow Clinic|Support/ }).first().click()
  await olga.waitForURL(/\/c\/[0-9a-f-]{36}\/?$/)
  await olga.getByText('You may only look.').waitFor()
  await olga.getByRole('link', { name: 'People', exact: true }).click()
  await olga.getByText('You may only look.').waitFor()
  await shot(olga, 'support-banner')
  await olga.setViewportSize({ width: 390, height: 844 })
  await shot(olga, 'support-banner-phone')
  await ana.getByRole('button', { name: /End it now/ }).click()
  await ana.getByText(/has ended/).waitFor()
  const { status } = await olga.evaluate(async () => {
    const headers = { 'lamplight-context': location.pathname.split('/')[2] }
    const { status } = await fetch('/api/people', { headers })
    return { status }
  })
  assert.equal(status, 403)
})
