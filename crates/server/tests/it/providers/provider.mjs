// A provider of one client and one account, on a port of this machine. Settings come as one line of JSON, the issuer
// goes out as one line. Whoever comes is signed in at once, with password and one-time code.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import Provider from 'oidc-provider'

// Standard output is for the issuer: nobody reads the package's remarks.
console.info = () => {}
console.log = () => {}

const line = await new Promise((resolve) => createInterface({ input: process.stdin }).once('line', resolve))
const { redirect, secret, email } = JSON.parse(line)

const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [{ client_id: 'lamplight', client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email, email_verified: true }) }),
  cookies: { keys: ['of a test'] },
})

const handle = provider.callback()
server.on('request', async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return handle(request, response)
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') {
    const login = { accountId: 'account-1', amr: ['pwd', 'otp'] }
    return provider.interactionFinished(request, response, { login })
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope('openid email')
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
})
process.stdout.write(`${issuer}\n`)
