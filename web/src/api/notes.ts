import { queryOptions } from '@tanstack/react-query'
import { http } from './http'
import { Decimal, write } from './json'
import type {
  Answers,
  DraftLine,
  NoteDraft,
  NoteTemplate,
  OwnDraftLine,
  Questionnaire,
  Saved,
  SignedNote,
  Summary,
} from './noteTypes'

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?![\d.eE+-])/g
const MARK = '$decimal'

/** As `JSON.parse`, with decimals as they were written where a number would not keep their digits: 37.0 is not 37. */
export function parseAnswers<Result>(text: string): Result {
  const marked = text.replaceAll(TOKENS, (token) =>
    token.startsWith('"') || token === String(Number(token)) ? token : `{"${MARK}":"${token}"}`,
  )
  return JSON.parse(marked, (_, value: unknown) =>
    value && typeof value === 'object' && MARK in value ? new Decimal(String(value[MARK])) : value,
  ) as Result
}

const JSON_TYPE = 'application/json'

/** A connection that says nothing for so long is none: what was sent is sent again, and counts once. */
const PATIENCE = 20_000

interface Options {
  body?: object
  version?: number
  /** A repeated asking with the same key is the same asking. */
  key?: string
  signal?: AbortSignal
}

/** The calls about notes in one context. */
export function notesIn(context: string) {
  async function ask<Answer>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    { body, version, key, signal }: Options = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = {}
    if (body) headers['Content-Type'] = JSON_TYPE
    if (version !== undefined) headers['If-Match'] = `W/"${version}"`
    if (key) headers['Idempotency-Key'] = key
    const text = { type: JSON_TYPE, content: body && write(body), headers }
    const answer = await http.raw(method, path, text, { context, signal })
    return (answer.text ? parseAnswers(answer.text) : undefined) as Answer
  }
  const drafts = (patient: string) => `/api/patients/${patient}/note-drafts`
  const draft = (id: string) => `/api/note-drafts/${id}`
  const note = (id: string) => `/api/notes/${id}`
  return {
    templates: () =>
      ask<{ templates: NoteTemplate[] }>('GET', '/api/note-templates').then((it) => it.templates),
    makeTemplate: (questionnaire: Questionnaire, status: 'draft' | 'active', replaces: string | null) =>
      ask<NoteTemplate>('POST', '/api/note-templates', { body: { questionnaire, status, replaces } }),
    retireTemplate: (template: string) =>
      ask<void>('POST', '/api/note-templates/retire', { body: { template } }),

    draftsOf: (patient: string) =>
      ask<{ drafts: DraftLine[] }>('GET', drafts(patient)).then((it) => it.drafts),
    ownDrafts: () => ask<{ drafts: OwnDraftLine[] }>('GET', '/api/note-drafts').then((it) => it.drafts),
    begin: (patient: string, of: { template: string } | { corrects: string }, key: string) =>
      ask<NoteDraft>('POST', drafts(patient), { body: of, key }),
    draft: (id: string, signal?: AbortSignal) => ask<NoteDraft>('GET', draft(id), { signal }),
    save: (id: string, version: number, answers: Answers) =>
      ask<Saved>('PUT', draft(id), { body: { answers }, version, signal: AbortSignal.timeout(PATIENCE) }),
    snapshots: (
      id: string,
      version: number,
      asked: { vitals?: boolean | null; medications?: boolean | null },
    ) => ask<NoteDraft>('POST', `${draft(id)}/snapshots`, { body: asked, version }),
    summary: (id: string) => ask<Summary>('GET', `${draft(id)}/summary`),
    discard: (id: string, version: number) => ask<void>('DELETE', draft(id), { version }),
    sign: (id: string, version: number, reason?: string) =>
      ask<{ composition: string; hash: string }>('POST', `${draft(id)}/sign`, {
        body: reason === undefined ? {} : { reason },
        version,
      }),

    note: (id: string, signal?: AbortSignal) => ask<SignedNote>('GET', note(id), { signal }),
    coSign: (id: string) => ask<void>('POST', `${note(id)}/co-sign`, { body: {} }),
    addendum: (id: string, text: string, key: string) =>
      ask<{ composition: string }>('POST', `${note(id)}/addenda`, { body: { text }, key }),
    pdf: (id: string) => http.file(`${note(id)}/pdf`, 'application/pdf', { context }),

    journalKey: () => ask<{ id: string; key: string }>('GET', '/api/me/journal-key'),
  }
}

/** Each look is in a log: coming back to the tab is none. */
const looks = { refetchOnWindowFocus: false, refetchOnReconnect: false }

export function noteQueries(context: string) {
  const notes = notesIn(context)
  const key = (...rest: unknown[]) => ['context', context, 'notes', ...rest]
  return {
    templates: () =>
      queryOptions({ ...looks, queryKey: key('templates'), queryFn: notes.templates, staleTime: 60_000 }),
    draftsOf: (patient: string) =>
      queryOptions({
        ...looks,
        queryKey: key('drafts', patient),
        queryFn: () => notes.draftsOf(patient),
        staleTime: 5_000,
        gcTime: 60_000,
      }),
    ownDrafts: () =>
      queryOptions({
        ...looks,
        queryKey: key('drafts'),
        queryFn: notes.ownDrafts,
        staleTime: 5_000,
        gcTime: 60_000,
      }),
    /** What a page that writes begins with; it keeps its own from there. */
    draft: (id: string) =>
      queryOptions({
        ...looks,
        queryKey: key('draft', id),
        queryFn: ({ signal }) => notes.draft(id, signal),
        staleTime: 2_000,
        gcTime: 0,
        retry: false,
      }),
    summary: (id: string, version: number) =>
      queryOptions({
        ...looks,
        queryKey: key('summary', id, version),
        queryFn: () => notes.summary(id),
        gcTime: 0,
      }),
    note: (id: string) =>
      queryOptions({
        ...looks,
        queryKey: key('note', id),
        queryFn: ({ signal }) => notes.note(id, signal),
        gcTime: 60_000,
      }),
    /** In memory, and gone with a lock: the key itself never leaves the browser's own keeping. */
    journalKey: () =>
      queryOptions({
        ...looks,
        queryKey: key('journal-key'),
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: Number.POSITIVE_INFINITY,
        retry: false,
        queryFn: async () => {
          const { id, key } = await notes.journalKey()
          const bytes = Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
            c.charCodeAt(0),
          )
          const made = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
          bytes.fill(0)
          return { id, key: made }
        },
      }),
  }
}
