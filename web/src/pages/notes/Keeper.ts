import { ApiError } from '@/api/errors'
import type { Answer, Answers, NoteDraft, Saved } from '@/api/noteTypes'
import { differing, same, withAnswer } from './answers'
import { type Clashes, join, knowing, sendable } from './join'

/** What is kept of a draft outside the page: what was typed, and from what it started. */
export interface Kept {
  base: Answers
  answers: Answers
  clashes: Clashes
  /** What was sent since, and not answered. */
  sent: Answers[]
  at: number
}

/** Where the words of one draft are kept on this device. */
export interface Shelf {
  /** At once, in memory. */
  hold(kept: Kept | null): void
  held(): Kept | undefined
  /** Sealed, on the disk. */
  put(kept: Kept): Promise<void>
  /** What a page that is no more had put there, the oldest first. */
  read(): Promise<{ tab: string; kept: Kept }[]>
  drop(tab?: string): Promise<void>
}

/** What the keeper asks of the server. */
export interface Desk {
  save(version: number, answers: Answers): Promise<Saved>
  fetch(): Promise<NoteDraft>
  snapshots(
    version: number,
    asked: { vitals?: boolean | null; medications?: boolean | null },
  ): Promise<NoteDraft>
  discard(version: number): Promise<void>
}

export type Status = 'saved' | 'typing' | 'saving' | 'offline' | 'refused' | 'ended'

export interface State {
  /** As the server last said it. */
  draft: NoteDraft
  /** As the page shows it. */
  answers: Answers
  clashes: Clashes
  status: Status
  /** Whether what is not saved is on this device's disk. */
  local: boolean
  /** Something came back that had not been saved; the moment it was typed. */
  recovered: number | null
  /** Fields that somebody else changed meanwhile, and who. */
  joined: { by: string; fields: string[] } | null
  /** Fields that the server does not take as they are. */
  faults: string[]
  ended: { kind: 'signed'; composition: string } | { kind: 'gone' } | null
}

/** After the last word, and at the latest after the first one that is not saved. */
const REST = 1_200
const LATEST = 4_000
const JOURNAL = 250
/** So long an answer may take before it is said that none comes. */
const SLOW = 6_000
const MOST_UNANSWERED = 5
const AGAIN = [2_000, 4_000, 8_000, 15_000]

/**
 * Keeps one draft while somebody writes: the words go to memory at once, to the journal within a second, to the server
 * within five, and what others wrote meanwhile is joined. Nothing that was typed is given up.
 */
export class Keeper {
  private state: State
  private readonly listeners = new Set<() => void>()
  private readonly desk: Desk
  private readonly shelf: Shelf
  private readonly now: () => number
  private timer: ReturnType<typeof setTimeout> | undefined
  private pen: ReturnType<typeof setTimeout> | undefined
  private since: number | null = null
  private tries = 0
  private line: Promise<unknown> = Promise.resolve()
  private writing: Promise<void> = Promise.resolve()
  private stopped = true
  private changes = 0
  private unanswered: Answers[] = []

  constructor(draft: NoteDraft, desk: Desk, shelf: Shelf, now: () => number) {
    this.desk = desk
    this.shelf = shelf
    this.now = now
    this.state = {
      draft,
      answers: draft.answers,
      clashes: {},
      status: 'saved',
      local: false,
      recovered: null,
      joined: null,
      faults: [],
      ended: null,
    }
    const held = shelf.held()
    if (held) this.takeUp(held)
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

  /** Begins: what an earlier page left in the journal comes back. */
  async start(): Promise<void> {
    if (!this.stopped) return
    this.stopped = false
    window.addEventListener('online', this.hear)
    window.addEventListener('pagehide', this.hide)
    document.addEventListener('visibilitychange', this.hide)
    if (this.isDirty()) this.plan(0)
    try {
      const found = await this.shelf.read()
      if (this.stopped) return
      for (const { kept } of found) this.takeUp(kept)
      if (this.isDirty()) {
        await this.write()
        this.plan(0)
      }
      for (const { tab } of found) await this.shelf.drop(tab).catch(() => undefined)
      if (this.isDirty()) await this.write()
    } catch {
      // No journal here: the tab's memory and the server keep what is typed.
    }
  }

  /** The page goes: what is typed is put down. */
  stop() {
    if (this.stopped) return
    this.stopped = true
    clearTimeout(this.timer)
    window.removeEventListener('online', this.hear)
    window.removeEventListener('pagehide', this.hide)
    document.removeEventListener('visibilitychange', this.hide)
    if (!this.isDirty() || this.state.ended) return
    this.write()
    this.queue(() => this.send())
  }

  private readonly hear = () => this.plan(0)
  private readonly hide = () => {
    if (document.visibilityState !== 'hidden' || !this.isDirty()) return
    this.write()
    this.plan(0)
  }

  private takeUp(kept: Kept) {
    const { draft, answers, clashes } = this.state
    // What this page has already is mine too; the later words of one field win, the server's are asked about.
    const before = differing(draft.answers, answers)
    const base = knowing(kept.base, kept.sent ?? [], draft.answers)
    const joined = join(base, kept.answers, draft.answers, kept.clashes)
    let next = joined.answers
    for (const linkId of before) next = withAnswer(next, linkId, answers[linkId] ?? [])
    if (differing(answers, next).length === 0) return
    this.since ??= this.now()
    const touched = { answers: next, clashes: { ...joined.clashes, ...clashes } }
    this.set({ ...touched, status: 'typing', recovered: kept.at })
    this.shelf.hold(this.kept())
  }

  private kept(): Kept {
    const { draft, answers, clashes } = this.state
    return { base: draft.answers, answers, clashes, sent: this.unanswered, at: this.now() }
  }

  isDirty(): boolean {
    const { draft, answers, clashes } = this.state
    return Object.keys(clashes).length > 0 || differing(draft.answers, answers).length > 0
  }

  readonly change = (linkId: string, given: Answer[]) => {
    const { answers, faults, ended } = this.state
    if (same(answers[linkId], given)) return
    if (this.stopped) return
    this.changes++
    this.since ??= this.now()
    this.set({
      answers: withAnswer(answers, linkId, given),
      faults: faults.filter((it) => it !== linkId),
      status: ended ? 'ended' : 'typing',
      local: false,
    })
    this.shelf.hold(this.kept())
    this.pen ??= setTimeout(() => this.write(), JOURNAL)
    if (ended) return
    const rest = this.tries > 0 ? (AGAIN[Math.min(this.tries, AGAIN.length) - 1] ?? LATEST) : REST
    this.plan(Math.min(rest, Math.max(0, this.since + LATEST - this.now())))
  }

  /** Of a field that two wrote differently, what it is to say. */
  readonly choose = (linkId: string, given: Answer[]) => {
    const { [linkId]: _, ...clashes } = this.state.clashes
    this.set({
      clashes,
      answers: withAnswer(this.state.answers, linkId, given),
      status: 'typing',
      local: false,
    })
    this.shelf.hold(this.kept())
    this.write()
    this.plan(0)
  }

  /** The news were read. */
  hush() {
    this.set({ recovered: null, joined: null })
  }

  private plan(wait: number) {
    clearTimeout(this.timer)
    if (this.stopped || this.state.ended) return
    this.timer = setTimeout(() => this.queue(() => this.send()), wait)
  }

  private queue<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.line.then(work, work)
    this.line = done.catch(() => undefined)
    return done
  }

  /** Into the journal; one at a time, the newest last. */
  private write(): Promise<void> {
    clearTimeout(this.pen)
    this.pen = undefined
    const at = this.changes
    this.writing = this.writing.then(async () => {
      if (!this.isDirty()) return this.shelf.drop().catch(() => undefined)
      try {
        await this.shelf.put(this.kept())
        if (at === this.changes) this.set({ local: true })
      } catch {
        this.set({ local: false })
      }
    })
    return this.writing
  }

  /** Once: what differs goes to the server. */
  private async send(): Promise<void> {
    clearTimeout(this.timer)
    const { draft, answers, clashes, faults, ended } = this.state
    if (ended) return
    let sent = sendable(answers, clashes)
    for (const linkId of faults) sent = withAnswer(sent, linkId, draft.answers[linkId] ?? [])
    if (differing(draft.answers, sent).length === 0) return this.settle()
    const at = this.changes
    this.since = null
    this.set({ status: 'saving' })
    // The journal knows first: what it gives back is never older than what the server has, and not another's word.
    this.unanswered = [...this.unanswered.slice(1 - MOST_UNANSWERED), sent]
    this.shelf.hold(this.kept())
    await Promise.race([this.write(), new Promise((resolve) => setTimeout(resolve, 500))])
    const slow = setTimeout(() => this.set({ status: 'offline' }), SLOW)
    try {
      const saved = await this.desk.save(draft.version, sent).finally(() => clearTimeout(slow))
      this.tries = 0
      this.unanswered = []
      this.set({ draft: { ...this.state.draft, ...saved, answers: sent, saved_by: draft.saved_by } })
      if (at === this.changes) return this.settle()
      this.set({ status: 'typing' })
      this.plan(REST)
    } catch (error) {
      await this.failed(error)
    }
  }

  private settle() {
    this.since = null
    const { faults, clashes } = this.state
    this.set({ status: faults.length > 0 ? 'refused' : 'saved' })
    if (faults.length > 0 || Object.keys(clashes).length > 0) {
      this.shelf.hold(this.kept())
      return
    }
    this.shelf.hold(null)
    this.write()
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof ApiError) {
      if (error.status === 412) return this.meet()
      if (error.status === 410) return this.end(error)
      if (error.status === 422 || error.status === 400 || error.status === 413) {
        const linkId = faultIn(error)
        if (linkId !== undefined && !this.state.faults.includes(linkId)) {
          this.set({ faults: [...this.state.faults, linkId], status: 'typing' })
          return this.send()
        }
        this.set({ status: 'refused' })
        return
      }
      if (error.code === 'signed-out') {
        this.set({ status: 'offline' })
        return
      }
      if (error.status === 404 || error.status === 403) {
        this.set({ status: 'ended', ended: { kind: 'gone' } })
        this.write()
        return
      }
    }
    const wait = AGAIN[Math.min(this.tries, AGAIN.length - 1)] ?? LATEST
    this.tries++
    this.since ??= this.now()
    this.set({ status: 'offline' })
    this.write()
    this.plan(error instanceof ApiError && error.retryAfter ? error.retryAfter * 1000 : wait)
  }

  /** Somebody else saved: what both wrote is joined. */
  private async meet(): Promise<void> {
    try {
      this.adopt(await this.desk.fetch())
    } catch (error) {
      return this.failed(error)
    }
    return this.send()
  }

  private adopt(theirs: NoteDraft) {
    const { draft, answers, clashes, joined } = this.state
    const base = knowing(draft.answers, this.unanswered, theirs.answers)
    this.unanswered = []
    const next = join(base, answers, theirs.answers, clashes)
    const fields = [...new Set([...(joined?.fields ?? []), ...next.came])]
    const news =
      theirs.version !== draft.version && (next.came.length > 0 || Object.keys(next.clashes).length > 0)
    this.set({
      draft: theirs,
      answers: next.answers,
      clashes: next.clashes,
      joined: news ? { by: theirs.saved_by.name, fields } : joined,
    })
    if (this.isDirty()) this.shelf.hold(this.kept())
    this.write()
  }

  private end(error: ApiError) {
    const composition = error.problem.composition
    this.set({
      status: 'ended',
      ended: typeof composition === 'string' ? { kind: 'signed', composition } : { kind: 'gone' },
    })
    this.write()
  }

  /** Everything that may be saved is saved; whether it was. */
  async flush(): Promise<boolean> {
    for (let i = 0; i < 4 && this.isUnsent(); i++) await this.queue(() => this.send())
    return !this.isUnsent() && !this.state.ended
  }

  /** Asks what the server has by now. */
  async refresh(): Promise<void> {
    await this.queue(() => this.meet())
  }

  private isUnsent(): boolean {
    const { draft, answers, clashes, ended } = this.state
    return !ended && differing(draft.answers, sendable(answers, clashes)).length > 0
  }

  /** Vitals or medications as they are now; `null` takes them away. */
  async snapshots(asked: { vitals?: boolean | null; medications?: boolean | null }): Promise<void> {
    await this.queue(async () => {
      for (let i = 0; ; i++) {
        try {
          const theirs = await this.desk.snapshots(this.state.draft.version, asked)
          this.adoptQuietly(theirs)
          return
        } catch (error) {
          if (error instanceof ApiError && error.status === 412 && i < 2) this.adopt(await this.desk.fetch())
          else if (error instanceof ApiError && error.status === 410) return this.end(error)
          else throw error
        }
      }
    })
  }

  private adoptQuietly(theirs: NoteDraft) {
    const { joined } = this.state
    this.adopt(theirs)
    this.set({ joined })
  }

  async discard(): Promise<void> {
    await this.queue(async () => {
      try {
        await this.desk.discard(this.state.draft.version)
      } catch (error) {
        if (error instanceof ApiError && error.status === 412) this.adopt(await this.desk.fetch())
        throw error
      }
    })
    await this.close()
  }

  /** It is signed or gone by this page's own doing: nothing of it is kept any more. */
  async close(): Promise<void> {
    this.stopped = true
    this.set({ answers: this.state.draft.answers, clashes: {} })
    clearTimeout(this.timer)
    clearTimeout(this.pen)
    this.pen = undefined
    this.shelf.hold(null)
    await this.writing.catch(() => undefined)
    await this.shelf.drop().catch(() => undefined)
  }
}

/** Which field a refusal is about. */
const faultIn = ({ problem }: ApiError): string | undefined =>
  typeof problem.link_id === 'string' ? problem.link_id : undefined
