import { ApiError } from '@/api/errors'
import type { Dose, Told } from '@/api/medications'

/** Something that was tapped and is not at the server, or of which the server said that it is not recorded. */
export interface Kept {
  dose: Dose
  /** Who it was for, and what, to show it without the pass. */
  name: string
  what: string
  zone: string
  /** When it was tapped. */
  at: number
  state: 'waiting' | 'conflict' | 'refused'
  told?: Told
}

/** Where it is kept on this device. */
export interface Shelf {
  /** At once, in memory. */
  hold(items: readonly Kept[]): void
  held(): readonly Kept[]
  /** Sealed, on the disk. */
  put(items: readonly Kept[]): Promise<void>
  /** What tabs that are no more had put there. */
  read(): Promise<{ tab: string; items: Kept[] }[]>
  drop(tab?: string): Promise<void>
}

export interface Desk {
  send(doses: readonly Dose[]): Promise<Told[]>
  /** What became of one that the server knows of. */
  told(kept: Kept, told: Told): void
}

export interface State {
  /** In the order in which they were tapped. */
  items: readonly Kept[]
  sending: boolean
  /** The server did not answer last time. */
  away: boolean
  /** Everything is on this device's disk. */
  local: boolean
}

/** The most that is sent at once. */
const MOST = 100
const AGAIN = [2_000, 4_000, 8_000, 15_000]
/** So long the disk may take before it is sent all the same. */
const SLOW_DISK = 500

const isSame = (a: Dose, b: Dose) => a.order === b.order && (a.due ?? null) === (b.due ?? null)

/**
 * Every dose that is tapped goes through here: to memory at once, to the disk, and to the server in the order in which
 * it was tapped, with the same id however often. What the server did not record stays until somebody has seen it.
 */
export class Outbox {
  private state: State = { items: [], sending: false, away: false, local: true }
  private readonly listeners = new Set<() => void>()
  private readonly desk: Desk
  private readonly shelf: Shelf
  private readonly now: () => number
  private timer: ReturnType<typeof setTimeout> | undefined
  private writing: Promise<void> = Promise.resolve()
  private tries = 0
  private changes = 0
  private stopped = false
  /** What was kept is taken up, or was. */
  private loading = false

  constructor(desk: Desk, shelf: Shelf, now: () => number) {
    this.desk = desk
    this.shelf = shelf
    this.now = now
  }

  readonly get = (): State => this.state
  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private set(next: Partial<State>) {
    this.state = { ...this.state, ...next }
    for (const listener of this.listeners) listener()
  }

  /** Takes up what was kept before, and sends it. */
  async start(): Promise<void> {
    window.addEventListener('online', this.hear)
    document.addEventListener('visibilitychange', this.hear)
    this.join(this.shelf.held())
    this.plan(0)
    await this.load()
  }

  private async load(): Promise<void> {
    if (this.loading) return
    this.loading = true
    try {
      const found = await this.shelf.read()
      if (this.stopped) return
      this.join(found.flatMap((it) => it.items))
      if (this.state.items.length > 0) await this.write()
      for (const { tab } of found) await this.shelf.drop(tab)
      if (this.state.items.length > 0) await this.write()
    } catch {
      // Not to be opened now: the tab's memory keeps what is tapped, and it is tried again.
      this.loading = false
    }
    this.plan(0)
  }

  /** Another takes over: what is here is on the disk and in the tab's memory. */
  stop() {
    this.stopped = true
    clearTimeout(this.timer)
    window.removeEventListener('online', this.hear)
    document.removeEventListener('visibilitychange', this.hear)
  }

  get isStopped(): boolean {
    return this.stopped
  }

  private readonly hear = () => {
    if (document.visibilityState !== 'visible') return
    this.load()
    this.plan(0)
  }

  private join(more: readonly Kept[]) {
    const known = new Set(this.state.items.map((it) => it.dose.request))
    const fresh = more.filter((it) => !known.has(it.dose.request) && known.add(it.dose.request))
    if (fresh.length === 0) return
    this.change([...this.state.items, ...fresh].toSorted((a, b) => a.at - b.at))
  }

  private change(items: readonly Kept[]) {
    this.changes++
    this.shelf.hold(items)
    this.set({ items, local: false })
  }

  /** What is under way or unseen of a dose. */
  of(order: string, due: string | null): Kept | undefined {
    return this.state.items.find((it) => it.dose.order === order && (it.dose.due ?? null) === due)
  }

  /** Keeps and sends some; a dose that is under way already is not taken twice. */
  readonly add = (more: readonly Omit<Kept, 'at' | 'state' | 'told'>[]): void => {
    const fresh = more.filter(({ dose }) => !this.state.items.some((it) => isSame(it.dose, dose)))
    if (fresh.length === 0) return
    const at = this.now()
    this.change([...this.state.items, ...fresh.map((it) => ({ ...it, at, state: 'waiting' as const }))])
    this.plan(0)
  }

  /** It was refused, and is recorded all the same, for a reason. */
  readonly insist = (request: string, more: Partial<Dose>): void => {
    const items = this.state.items.map((it) =>
      it.dose.request === request
        ? { ...it, dose: { ...it.dose, ...more }, state: 'waiting' as const, told: undefined }
        : it,
    )
    this.change(items)
    this.plan(0)
  }

  /** Somebody has seen that it is not recorded. */
  readonly seen = (request: string): void => {
    this.change(this.state.items.filter((it) => it.dose.request !== request || it.state === 'waiting'))
    this.write()
  }

  private plan(wait: number) {
    clearTimeout(this.timer)
    if (this.stopped) return
    this.timer = setTimeout(() => this.send(), wait)
  }

  /** To the disk, one at a time, the newest last. */
  private write(): Promise<void> {
    this.writing = this.writing.then(async () => {
      const at = this.changes
      const { items } = this.state
      try {
        await (items.length === 0 ? this.shelf.drop() : this.shelf.put(items))
        if (at === this.changes) this.set({ local: true })
      } catch {
        this.set({ local: false })
      }
    })
    return this.writing
  }

  private async send(): Promise<void> {
    if (this.state.sending || this.stopped) return
    const sent = this.state.items.filter((it) => it.state === 'waiting').slice(0, MOST)
    // The disk knows first, so that what it gives back is what was sent.
    await Promise.race([this.write(), new Promise((resolve) => setTimeout(resolve, SLOW_DISK))])
    if (sent.length === 0 || this.state.sending || this.stopped) return
    this.set({ sending: true })
    let wait: number | null = null
    try {
      const answers = await this.desk.send(sent.map((it) => it.dose))
      this.tries = 0
      this.take(sent, answers)
      this.set({ away: false })
      const left = this.state.items.filter((it) => it.state === 'waiting')
      if (left.length > 0) wait = left.some((it) => sent.includes(it)) ? (AGAIN[0] ?? 0) : 0
    } catch (error) {
      wait = this.failed(error, sent)
    }
    this.set({ sending: false })
    await this.write()
    if (wait !== null) this.plan(wait)
  }

  private take(sent: readonly Kept[], answers: readonly Told[]) {
    const by = new Map(answers.map((it) => [it.request, it]))
    const items: Kept[] = []
    for (const it of this.state.items) {
      const told = sent.includes(it) ? by.get(it.dose.request) : undefined
      if (told && told.result !== 'again' && told.result !== 'refused') this.desk.told(it, told)
      if (!told || told.result === 'again') items.push(it)
      else if (told.result === 'conflict' || told.result === 'refused')
        items.push({ ...it, state: told.result, told })
    }
    this.change(items)
  }

  /** How long to wait before it is tried again; nothing when it is not. */
  private failed(error: unknown, sent: readonly Kept[]): number | null {
    const status = error instanceof ApiError ? error.status : 0
    // Nobody is signed in, or the post is not open any more: whoever comes back goes on with it.
    if (status === 401 || (error instanceof ApiError && error.code === 'context-refused')) {
      this.stop()
      return null
    }
    if (error instanceof ApiError && status < 500 && ![408, 425, 429].includes(status)) {
      const told = (it: Kept): Told => ({
        request: it.dose.request,
        result: 'refused',
        code: error.code,
        detail: error.detail,
      })
      this.change(
        this.state.items.map((it) => (sent.includes(it) ? { ...it, state: 'refused', told: told(it) } : it)),
      )
      return null
    }
    this.set({ away: true })
    const wait = AGAIN[Math.min(this.tries, AGAIN.length - 1)] ?? 0
    this.tries++
    return error instanceof ApiError && error.retryAfter ? error.retryAfter * 1000 : wait
  }
}
