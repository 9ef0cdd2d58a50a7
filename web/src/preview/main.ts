import './preview.css'
import { GlobalWorkerOptions, getDocument, type PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.min.mjs'
import { WorkerMessageHandler } from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs'

/*
 * Draws a PDF in a frame of opaque origin: it has no cookie, no storage and no network, and is told the bytes by the page
 * around it. Nothing in the PDF runs. No second thread: a worker cannot be loaded where there is no origin.
 */

/** What the page around says. */
interface Told {
  kind: 'show' | 'zoom'
  bytes?: ArrayBuffer
  zoom?: number
}

/** The most pages that are drawn, and points of one. */
const PAGES = 300
const POINTS = 16_000_000

Object.assign(globalThis, { pdfjsWorker: { WorkerMessageHandler } })
GlobalWorkerOptions.workerSrc = 'none'

const list = document.getElementById('pages') as HTMLElement
const say = (message: object) => parent.postMessage(message, '*')
let shown: PDFDocumentProxy | undefined
let zoom = 1
let turn = 0

async function draw(number: number, holder: HTMLElement, mine: number) {
  if (!shown || mine !== turn) return
  const page = await shown.getPage(number)
  const whole = page.getViewport({ scale: 1 })
  const width = Number.parseFloat(holder.style.width)
  const wanted = (width / whole.width) * Math.min(globalThis.devicePixelRatio || 1, 2)
  const scale = Math.min(wanted, Math.sqrt(POINTS / (whole.width * whole.height)))
  const viewport = page.getViewport({ scale })
  const canvas = document.createElement('canvas')
  canvas.width = Math.floor(viewport.width)
  canvas.height = Math.floor(viewport.height)
  const canvasContext = canvas.getContext('2d')
  if (!canvasContext) return
  await page.render({ canvasContext, viewport, annotationMode: 0 }).promise
  const text = await page.getTextContent()
  const words = document.createElement('p')
  words.className = 'words'
  words.textContent = text.items.map((it) => ('str' in it ? it.str : '')).join(' ')
  if (mine === turn) holder.replaceChildren(canvas, words)
  page.cleanup()
}

async function layOut() {
  if (!shown) return
  turn += 1
  const mine = turn
  const first = (await shown.getPage(1)).getViewport({ scale: 1 })
  const width = Math.max(200, Math.min(document.documentElement.clientWidth - 24, 1000)) * zoom
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue
        watch.unobserve(target)
        const holder = target as HTMLElement
        draw(Number(holder.dataset.number), holder, mine).catch(() => say({ kind: 'broken' }))
      }
    },
    { rootMargin: '800px' },
  )
  const holders = Array.from({ length: Math.min(shown.numPages, PAGES) }, (_, i) => {
    const holder = document.createElement('section')
    holder.className = 'page'
    holder.dataset.number = String(i + 1)
    holder.style.width = `${width}px`
    holder.style.height = `${(width * first.height) / first.width}px`
    return holder
  })
  list.replaceChildren(...holders)
  for (const holder of holders) watch.observe(holder)
}

async function show(bytes: ArrayBuffer) {
  shown = await getDocument({
    data: new Uint8Array(bytes),
    isEvalSupported: false,
    enableXfa: false,
    useSystemFonts: true,
    disableAutoFetch: true,
    stopAtErrors: false,
    maxImageSize: 64_000_000,
    verbosity: 0,
  }).promise
  await layOut()
  say({ kind: 'shown', pages: shown.numPages })
}

addEventListener('message', (event: MessageEvent<Told>) => {
  if (event.source !== parent) return
  const { kind, bytes, zoom: wanted } = event.data
  if (kind === 'show' && bytes) show(bytes).catch(() => say({ kind: 'broken' }))
  if (kind === 'zoom' && wanted) {
    zoom = wanted
    layOut().catch(() => say({ kind: 'broken' }))
  }
})
say({ kind: 'ready' })
