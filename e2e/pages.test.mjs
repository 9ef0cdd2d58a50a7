// Every page of everyone in the demonstration, on a laptop and on a phone: looked at, judged by axe, and listened to.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { axe, be, entered, LAPTOP, opened, PHONE, settled, tooWide, visitor, walk } from './demo.mjs'
import { missing, shot } from './house.mjs'

const skip = missing()
/** As many at a time as CI has processors. */
const AT_ONCE = 2
/** Those whose charts differ in what they show: theirs are looked at section by section. E2E_ALL=1 means everyone. */
const WHOLE = ['organization-administrator', 'nurse', 'front-desk', 'biller', 'patient', 'family-member']
let home, chromium, people, shut

before(async () => {
  if (skip) return
  ;({ home, chromium, people, shut } = await opened())
})

after(() => shut?.())

test('everyone’s pages are fit to be seen and to be used', { skip }, async () => {
  const looked = new Set()
  const faults = []
  const visited = {}
  const whole = process.env.E2E_ALL ? people.map((it) => it.key) : WHOLE
  const waiting = people.flatMap((person) => person.posts.map((post, at) => ({ person, post, at })))
  async function next() {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { person, at } = one
      const who = at === 0 ? person.key : `${person.key}-${at + 1}`
      const { context, page, wrong } = await visitor(chromium, home.origin)
      await context.addInitScript(showAll)
      const place = await be(page, home.origin, person)
      if (!place) {
        await page.getByRole('link', { name: new RegExp(`^${one.post.role}`) }).click()
        await entered(page)
      }
      const began = Date.now()
      const look = async (kind) => {
        for (const fault of await judge(page, who, kind, looked)) faults.push(`${who} ${kind}: ${fault}`)
      }
      visited[who] = await walk(page, look, (kind) => !whole.includes(who) && kind.startsWith('/patients/ID/'))
      console.log(`${who}: ${visited[who].length} pages in ${((Date.now() - began) / 1000).toFixed(1)} s`)
      faults.push(...wrong.map((it) => `${who}: ${it}`))
      await context.close()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
  assert.deepEqual(faults, [])
})

/** Also what is out of sight is laid out: pictures show it, and axe does not take its place for another's. */
function showAll() {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync('* { content-visibility: visible !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}

/** Looks at a page as it is on a laptop and on a phone. What looks the same to another was judged there. */
async function judge(page, who, kind, looked) {
  const faults = []
  if (await page.getByRole('heading', { name: 'There is no such page' }).count()) faults.push('a link leads to nothing')
  const name = `${who}${kind.replaceAll('/', '-').replace(/-$/, '') || '-home'}`
  const like = `${kind} ${await page.evaluate(() => {
    const words = document.querySelectorAll('nav a, main h2, main h3, main button, main label, main th')
    return [...words].map((it) => it.innerText).join('|')
  })}`
  const isNew = !looked.has(like)
  looked.add(like)
  if (isNew) {
    await shot(page, `laptop-${name}`)
    faults.push(...(await axe(page)))
  }
  await page.setViewportSize(PHONE)
  const wide = await tooWide(page)
  if (wide > 0) faults.push(`${wide} px wider than a phone`)
  if (isNew) {
    await shot(page, `phone-${name}`)
    faults.push(...(await axe(page)).map((it) => `phone, ${it}`))
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize(LAPTOP)
    await shot(page, `dark-${name}`)
    faults.push(...(await axe(page, ['color-contrast'])).map((it) => `dark, ${it}`))
    await page.emulateMedia({ colorScheme: 'light' })
  }
  await page.setViewportSize(LAPTOP)
  return faults
}

test('the door, the choice of posts and the pages outside a post', { skip }, async () => {
  const faults = []
  const looked = new Set()
  const { context, page, wrong } = await visitor(chromium, home.origin)
  const look = async (kind) => {
    await settled(page)
    for (const fault of await judge(page, 'outside', kind, looked)) faults.push(`${kind}: ${fault}`)
  }
  await page.goto(`${home.origin}/sign-in`)
  await look('/sign-in')
  await page.getByRole('button', { name: 'Sign in with an account of your own' }).click()
  await look('/sign-in-own')
  for (const path of ['/forgot', '/reset', '/email', '/invitation']) {
    await page.goto(home.origin + path)
    await look(path)
  }
  await be(page, home.origin, people.find((it) => it.posts.length > 1))
  await look('/posts')
  await page.goto(`${home.origin}/account`)
  await look('/account')
  await context.close()
  assert.deepEqual([...faults, ...wrong], [])
})
