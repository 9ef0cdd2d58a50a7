// Someone is invited, sets up an authenticator, signs in with it, adds a passkey, and signs in with that alone.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { missing, shot, takeUp, totp, visited } from './house.mjs'

const skip = missing()
const PASSWORD = 'a lamp in the long corridor'
const EMAIL = 'ann.ortiz@juniper.example'
let home, chromium, page, wrong, secret, shut

before(async () => {
  if (skip) return
  ;({ home, chromium, page, wrong, shut } = await visited())
})

after(() => shut?.())

test('an invitation leads through enrolment to work', { skip }, async () => {
  const link = home.invite(EMAIL, 'Ann Ortiz', 'Charge nurse')
  const made = await takeUp(page, link, 'Ann Ortiz', PASSWORD, (name) => shot(page, name))
  secret = made.secret
  assert.equal(made.codes.length, 10)
  await page.getByText('Charge nurse').first().waitFor()
  await shot(page, 'welcome')
})

test('the password and the app sign in; the code works once', { skip }, async () => {
  await signOut()
  await page.getByRole('button', { name: 'Sign in with an account of your own' }).click()
  await page.getByLabel('E-mail').fill(EMAIL)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await shot(page, 'sign-in')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('textbox', { name: 'Code' }).waitFor()
  await shot(page, 'second-factor')
  await page.getByRole('textbox', { name: 'Code' }).fill(totp(secret))
  await page.waitForURL(/\/c\/[0-9a-f-]{36}\/?$/)
})

test('a passkey is added after a step-up, and is enough to sign in', { skip }, async () => {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto(`${home.origin}/account`)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('dialog').waitFor()
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  const proof = page.getByRole('dialog', { name: 'Is it really you?' })
  await proof.getByRole('textbox', { name: 'Code' }).waitFor()
  await shot(page, 'step-up')
  // The present code was used to sign in; the next is good already.
  await proof.getByRole('textbox', { name: 'Code' }).fill(totp(secret, 1))
  await page.getByRole('button', { name: /Remove Passkey/ }).waitFor()
  await shot(page, 'account')
  await page.setViewportSize({ width: 390, height: 844 })
  await shot(page, 'account-phone')
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(home.origin)
  await page.waitForURL(/\/c\/[0-9a-f-]{36}\/?$/)
  await signOut()
  // Ten wrong passwords lock the password, and leave the passkey alone.
  const tries = await page.evaluate(async (email) => {
    const answers = []
    for (const password of [...Array(10).fill('not this one, no'), 'a lamp in the long corridor']) {
      const body = JSON.stringify({ email, password })
      const headers = { 'content-type': 'application/json' }
      answers.push((await fetch('/api/auth/login', { method: 'POST', headers, body })).status)
    }
    return answers
  }, EMAIL)
  assert.deepEqual(tries, Array(11).fill(401))
  // The browser may offer the passkey by itself (conditional UI), and this one's authenticator takes any offer.
  await page.getByRole('button', { name: 'Sign in with an account of your own' }).click()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click({ timeout: 2000 }).catch(() => {})
  await page.waitForURL(/\/c\/[0-9a-f-]{36}\/?$/)
})

test('nothing was loaded from elsewhere, refused by the policy, or broke', { skip }, () => {
  assert.deepEqual(wrong, [])
  assert.ok(!home.log().includes(EMAIL), 'the log names nobody')
})

async function signOut() {
  await page.getByRole('button', { name: /Ann Ortiz/ }).first().click()
  await page.getByRole('menuitem', { name: /Sign out/ }).last().click()
  await page.waitForURL(/\/sign-in/)
}
