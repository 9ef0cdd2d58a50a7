// The demonstration's people in a browser: choosing one, and going over every page that they have.

import AxeBuilder from '@axe-core/playwright'
import { browser, house, watch } from './house.mjs'

export const LAPTOP = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

/** A browser profile of its own, with a page that reports what it must not do. */
export async function visitor(chromium, origin, options = {}) {
  // Keeping the app's files is a test of its own; here it would only take time.
  const context = await chromium.newContext({ viewport: LAPTOP, serviceWorkers: 'block', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const wrong = watch(page, origin)
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    const { pathname } = new URL(message.location().url || page.url())
    wrong.push(`console: ${message.text()} ${pathname}`)
  })
  for (const [event, more] of [['request', 1], ['requestfinished', -1], ['requestfailed', -1]])
    page.on(event, (request) => {
      // A page that listens to what changes does so until it is left.
      if (!request.url().endsWith('/api/events')) underWay.set(page, (underWay.get(page) ?? 0) + more)
    })
  return { context, page, wrong }
}

/** A house with a browser in it, and who may be chosen there; `shut` ends both. */
export async function opened() {
  const home = await house()
  const chromium = await browser()
  const { context, page } = await visitor(chromium, home.origin)
  const people = await cast(page, home.origin)
  await context.close()
  const shut = async () => {
    await chromium.close()
    await home.close()
  }
  return { home, chromium, people, shut }
}

/** Chooses someone by name; gives the path of the post that opened, where there is only one. */
export async function be(page, origin, person) {
  await page.goto(`${origin}/sign-in`)
  await page.getByRole('button', { name: new RegExp(`^${person.name}`) }).click()
  if (person.posts.length > 1) {
    await page.getByRole('heading', { level: 1, name: 'Where do you want to work?' }).waitFor()
    return
  }
  return await entered(page)
}

/** The path of the post whose page this is, once it is: that of one record where it is the only one. */
export async function entered(page) {
  await page.waitForURL(/\/c\/[0-9a-f-]{36}\//)
  await settled(page)
  return new URL(page.url()).pathname.match(/^\/c\/[^/]+\//)[0]
}

/** How many requests of a page are under way. */
const underWay = new WeakMap()
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the page has what it asked for, and shows it. */
export async function settled(page) {
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  for (let quiet = 0; quiet < 3; quiet = underWay.get(page) ? 0 : quiet + 1) await pause(30)
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The kind of page that an address is of: one patient, post or role stands for all. */
export function kind(path) {
  return path
    .replace(/^\/c\/[^/]+/, '')
    .replaceAll(ID, 'ID')
    .replace(/^\/people\/\d+/, '/people/N')
    .replace(/^\/roles\/[^/]+/, '/roles/KEY')
}

/** The addresses of the app that the page links to. */
export function links(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('a[href^="/"]')].map((it) => new URL(it.href).pathname).filter((it) => !it.includes('.')),
  )
}

/**
 * Goes to every kind of page that can be reached by links from where the page is, and calls `look` with the kind and path.
 * What leads to another post or out of the app is not followed, nor what `skips` says.
 */
export async function walk(page, look, skips = () => false) {
  const origin = new URL(page.url()).origin
  const seen = new Set()
  const todo = [new URL(page.url()).pathname]
  while (todo.length > 0) {
    const path = todo.shift()
    const what = kind(path)
    if (seen.has(what) || path.startsWith('/open/') || path === '/' || skips(what)) continue
    seen.add(what)
    if (new URL(page.url()).pathname !== path) await follow(page, origin, path)
    await settled(page)
    await look(what, path)
    todo.push(...(await links(page)))
  }
  return [...seen]
}

/** Follows the link there is on the page, as a person does, or goes there by the address. */
async function follow(page, origin, path) {
  const link = page.locator(`a[href="${path}"]`).first()
  if (await link.isVisible()) await link.click()
  else await page.goto(origin + path)
  // From the list of one record to that record.
  await page.waitForURL((url) => url.pathname.startsWith(path))
}

/** What axe finds serious or critical, in a line each. */
export async function axe(page, rules) {
  const builder = new AxeBuilder({ page }).setLegacyMode(true)
  if (rules) builder.withRules(rules)
  const { violations } = await builder.analyze()
  return violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .map((it) => `${it.id}: ${it.nodes.map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? ''})`).join('; ')}`)
}

/** How much wider than the screen the page is. */
export const tooWide = (page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth))

/** The people who may be chosen. */
export async function cast(page, origin) {
  await page.goto(`${origin}/sign-in`)
  return page.evaluate(async () => (await (await fetch('/api/auth/demo')).json()).people)
}
