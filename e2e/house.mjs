// A Lamplight of its own for browser tests: the built program on a new data folder, and the browser of this machine.

import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from 'node:test'
import { chromium } from 'playwright-core'

const PROGRAM = process.env.LAMPLIGHT_PROGRAM
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** What this file's tests opened: told when one of them fails. */
const houses = []
const browsers = []

/** What is on the screens of a test that failed, and what the program said last: all data here is synthetic. */
afterEach(async (t) => {
  if (t.passed !== false) return
  for (const page of browsers.flatMap((it) => it.contexts()).flatMap((it) => it.pages())) {
    const text = await Promise.race([
      page.evaluate(() => document.body.innerText.replaceAll(/\s+/g, ' ').slice(0, 1500)),
      new Promise((resolve) => setTimeout(resolve, 2_000, 'it does not answer')),
    ]).catch((error) => error.message)
    console.log(`on the screen at ${page.url()}: ${text}`)
  }
  for (const home of houses) console.log(home.log().split('\n').slice(-15).join('\n'))
})

/** Why the tests cannot run here; nothing when they can. */
export function missing() {
  if (!PROGRAM || !existsSync(PROGRAM)) return 'LAMPLIGHT_PROGRAM names no built program (./test sets it)'
  if (!browserPath()) return 'no Chromium on this machine'
}

function browserPath() {
  return process.env.CHROMIUM ?? BROWSERS.find(existsSync)
}

/** Starts the program with its demonstration. */
export async function house() {
  // Short, because a Unix socket's path must be; open to the user that PostgreSQL runs as.
  const folder = mkdtempSync(join(tmpdir(), 'll-e2e-'))
  const env = { ...process.env, LAMPLIGHT_DATA_DIR: join(folder, 'd') }
  for (const name of ['DATABASE_URL', 'DATABASE_OWNER_URL', 'LAMPLIGHT_ENV', 'LAMPLIGHT_DOMAIN']) delete env[name]
  execFileSync('chmod', ['755', folder])
  const server = spawn(PROGRAM, ['serve', '--demo', '--no-metrics', '--listen', '127.0.0.1:0'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  server.stdout.on('data', (text) => {
    said += text
  })
  const lines = createInterface({ input: server.stderr })
  const port = await new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${said}`)))
    lines.on('line', (line) => {
      said += `${line}\n`
      try {
        const { message, listen } = JSON.parse(line)
        if (message === 'ready') resolve(Number(listen.split(':').at(-1)))
      } catch {
        // Not a line of the log.
      }
    })
  })
  const command = (...args) => execFileSync(PROGRAM, args, { env, encoding: 'utf8' })
  const [{ slug }] = JSON.parse(command('organization', 'list', '--json'))
  const home = {
    slug,
    port,
    origin: `http://${slug}.localhost:${port}`,
    command,
    /** Invites someone who may do these things, or everything; gives the link. */
    invite(email, name, role, permissions = []) {
      const may = permissions.length > 0 ? permissions.flatMap((key) => ['--permission', key]) : ['--all']
      return JSON.parse(
        command(
          ...['person', 'invite', '--organization', slug, '--email', email, '--name', name, '--role', role],
          ...[...may, '--all-facilities', '--port', String(port), '--json'],
        ),
      ).link
    },
    log: () => said,
    /** A statement behind the program's back, as whoever runs the database: what years do to a record. */
    sql(statement) {
      const data = join(folder, 'd')
      // Beside the keyring's, which is in a folder of its own.
      const options = readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
      const password = readFileSync(join(data, 'postgres.password'), 'utf8').trim()
      execFileSync('psql', ['-v', 'ON_ERROR_STOP=1', '-qc', statement, 'lamplight'], {
        env: { ...env, PGHOST: options[4], PGPORT: options[3], PGUSER: 'postgres', PGPASSWORD: password },
      })
    },
    /** As if the machine stood still: connections are there and nothing answers. */
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async close() {
      server.kill('SIGTERM')
      await new Promise((resolve) => server.once('close', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  houses.push(home)
  return home
}

/** The browser. */
export async function browser() {
  const args = [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ]
  const made = await chromium.launch({ executablePath: browserPath(), args })
  browsers.push(made)
  return made
}

/** A house with a browser in it, and a page on a laptop's screen; `shut` ends them all. */
export async function visited() {
  const home = await house()
  const chromium = await browser()
  const context = await chromium.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const shut = async () => {
    await chromium.close()
    await home.close()
  }
  return { home, chromium, context, page, wrong: watch(page, home.origin), shut }
}

const ANN = { name: 'Ann Ortiz', email: 'ann.ortiz@juniper.example', password: 'a lamp in the long corridor' }

/** The same with Ann Ortiz at work, who is new and whose role this is; her secret is that of her authenticator. */
export async function atWork(role) {
  const there = await visited()
  try {
    const link = there.home.invite(ANN.email, ANN.name, role)
    return { ...there, ...(await takeUp(there.page, link, ANN.name, ANN.password)) }
  } catch (error) {
    await there.shut()
    throw error
  }
}

/** The code that an authenticator app shows for a base 32 secret, now or some steps from now (RFC 6238). */
export function totp(secret, steps = 0) {
  const bits = [...secret.replaceAll(/[\s=]/g, '')].map((c) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'),
  )
  const key = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Follows an invitation to an account with an authenticator, and to work; gives the secret. */
export async function takeUp(page, link, name, password, look) {
  const made = await enrol(page, link, name, password, look)
  await page.waitForURL(/\/c\/[0-9a-f-]{36}\/?(shift)?$/)
  return made
}

/** Follows an invitation to an account with an authenticator; gives the secret. */
export async function enrol(page, link, name, password, look = async () => {}) {
  await page.goto(link)
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await look('invitation')
  await page.getByRole('button', { name: 'Create my account' }).click()
  await page.getByText('Authenticator app', { exact: true }).first().click()
  const key = page.locator('code').first()
  await key.waitFor()
  const secret = (await key.innerText()).replaceAll(/\s/g, '')
  await look('enrol-totp')
  await page.getByLabel('Code from the app').fill(totp(secret, -1))
  const list = page.getByRole('list', { name: 'Recovery codes' })
  await list.waitFor()
  const codes = (await list.getByRole('listitem').allInnerTexts()).map((text) => text.match(/[0-9a-z]{5}-[0-9a-z]{5}/)[0])
  await look('recovery-codes')
  await page.getByRole('button', { name: 'I have kept them' }).click()
  const label = page.getByLabel(/Code number \d+/)
  const number = Number((await page.getByText(/enter code number \d+/).innerText()).match(/number (\d+)/)[1])
  await label.fill(codes[number - 1])
  await page.getByRole('button', { name: 'Done' }).click()
  return { secret, codes }
}

/** Pages that report what they must not do: errors, refused policies, requests to others. */
export function watch(page, origin) {
  const wrong = []
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) wrong.push(message.text())
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && url.origin !== origin) wrong.push(`request to ${url.origin}`)
  })
  return wrong
}

/** A picture for those who want to look: E2E_SHOTS names the folder. */
export async function shot(page, name) {
  const folder = process.env.E2E_SHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
