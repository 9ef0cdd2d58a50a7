import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { getResponse, type RequestHandler } from 'msw'
import { type Connect, type Plugin, runnerImport } from 'vite'

/** What the server sends with the app, so that nothing can be written that the real one would refuse. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "frame-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

interface Mocks {
  handlers: RequestHandler[]
  beginAnew(changes: object): void
}

/** Answers the API and FHIR from the mocks (LAMPLIGHT_MOCK=1), for work without a server. */
export function mockServer(): Plugin {
  const answer: Promise<Connect.NextHandleFunction> = runnerImport<Mocks>('./src/mocks/handlers.ts', {
    configFile: false,
    resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  }).then(({ module }) => middleware(module))
  const use = (stack: Connect.Server) =>
    void stack.use((request, response, next) => {
      answer.then((handle) => handle(request, response, next), next)
    })
  return {
    name: 'lamplight-mock-server',
    configureServer: (server) => use(server.middlewares),
    configurePreviewServer: (server) => {
      server.middlewares.use((_, response, next) => {
        response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
        next()
      })
      use(server.middlewares)
    },
  }
}

function middleware({ handlers, beginAnew }: Mocks): Connect.NextHandleFunction {
  return (request, response, next) => {
    // For browser tests: the invented world begins anew, with these changes.
    if (request.url === '/__world') {
      read(request)
        .then((body) => beginAnew(JSON.parse(body.toString())))
        .then(() => response.writeHead(204).end(), next)
      return
    }
    if (!/^\/(api|fhir|platform)\//.test(request.url ?? '')) return next()
    reply(handlers, request, response).catch(next)
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function reply(handlers: RequestHandler[], request: IncomingMessage, response: ServerResponse) {
  const body = await read(request)
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value))
  const asked = new Request(`http://${request.headers.host}${request.url}`, {
    method: request.method,
    headers,
    body: body.length > 0 ? new Uint8Array(body) : undefined,
  })
  const answer = (await getResponse(handlers, asked)) ?? new Response(null, { status: 404 })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
}
