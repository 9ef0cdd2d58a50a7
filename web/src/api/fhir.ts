import { ApiError } from './errors'
import type { Bundle, CapabilityStatement, Of, Resource, Type } from './fhirTypes'
import { http } from './http'
import { edited, parse, write } from './json'

const BASE = '/fhir/R4'
const JSON_TYPE = 'application/fhir+json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** A page of a search. The server may give a short page, even an empty one, and go on. */
export interface Page<R> {
  items: R[]
  total?: number
  /** Where the next page begins; it fits this search and no other. */
  next?: string
}

/** A record as it is read to be changed: what it says, how it was written, and its version. */
export interface Loaded<R> {
  resource: R
  text: string
  version: string
}

export type Criteria = Record<string, string | readonly string[]>

interface Options {
  signal?: AbortSignal
}

/** What a caller may not see does not exist for it. That its context is gone is no such answer. */
export const isHidden = (error: unknown) =>
  error instanceof ApiError && (error.status === 404 || (error.status === 403 && error.code === ''))
export const isMissing = (error: unknown) => error instanceof ApiError && error.status === 404
export const isConflict = (error: unknown) => error instanceof ApiError && error.status === 412

/** The FHIR interface in one context. Names, dates and codes are asked for by form: they stand in no address. */
export function fhirIn(context: string) {
  const path = (...parts: string[]) => [BASE, ...parts.map(encodeURIComponent)].join('/')
  const get = (at: string, options: Options = {}) =>
    http.raw('GET', at, { type: JSON_TYPE }, { context, ...options })

  async function search<T extends Type>(
    type: T,
    criteria: Criteria,
    { cursor, signal }: Options & { cursor?: string } = {},
  ): Promise<Page<Of<T>>> {
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(criteria))
      for (const one of typeof value === 'string' ? [value] : value) form.append(name, one)
    if (cursor) form.append('_cursor', cursor)
    const { text } = await http.raw(
      'POST',
      `${path(type)}/_search`,
      { type: JSON_TYPE, content: form.toString(), headers: { 'Content-Type': FORM_TYPE } },
      { context, signal },
    )
    const bundle = parse<Bundle<Of<T>>>(text)
    const next = bundle.link?.find((it) => it.relation === 'next')?.url
    return {
      items: (bundle.entry ?? []).flatMap((it) => it.resource ?? []),
      total: bundle.total,
      next: next ? (new URL(next, 'http://localhost').searchParams.get('_cursor') ?? undefined) : undefined,
    }
  }

  async function read<T extends Type>(type: T, id: string, options: Options = {}): Promise<Loaded<Of<T>>> {
    const { text, etag } = await get(path(type, id), options)
    const resource = parse<Of<T>>(text)
    return { resource, text, version: etag ?? `W/"${resource.meta?.versionId ?? ''}"` }
  }

  return {
    search,
    read,

    /** All that a search finds, over as many pages as it takes, up to `most`. */
    async all<T extends Type>(
      type: T,
      criteria: Criteria,
      { most = 500, ...options }: Options & { most?: number } = {},
    ): Promise<Of<T>[]> {
      const found: Of<T>[] = []
      let cursor: string | undefined
      do {
        const page = await search(type, criteria, { ...options, cursor })
        found.push(...page.items)
        cursor = page.next
      } while (cursor && found.length < most)
      return found
    },

    /** The key makes a repeated create the same create. */
    async create<T extends Type>(
      type: T,
      resource: Omit<Of<T>, 'id'>,
      { key, facility }: { key: string; facility?: string },
    ): Promise<Of<T>> {
      const headers: Record<string, string> = { 'Content-Type': JSON_TYPE, 'Idempotency-Key': key }
      if (facility) headers['Lamplight-Facility'] = facility
      const content = write(resource)
      const { text } = await http.raw('POST', path(type), { type: JSON_TYPE, content, headers }, { context })
      return parse<Of<T>>(text)
    },

    /** Changes members of a record as it was read, and of that version: 412 when there is a newer one. */
    async change<T extends Type>(loaded: Loaded<Of<T>>, changes: Partial<Of<T>>): Promise<void> {
      const { resourceType, id } = loaded.resource as Resource
      const headers = {
        'Content-Type': JSON_TYPE,
        'If-Match': loaded.version,
        Prefer: 'return=minimal',
      }
      const content = edited(loaded.text, changes)
      await http.raw('PUT', path(resourceType, id), { type: JSON_TYPE, content, headers }, { context })
    },

    /**
     * Creates all of them or none. Each has an identifier by which the server knows it again: sent twice they are
     * created once.
     */
    async createAll(
      patient: string,
      records: { resource: object & { resourceType: Type }; identifier: string }[],
    ): Promise<void> {
      const entry = records.map(({ resource, identifier }) => ({
        fullUrl: identifier,
        resource: { ...resource, identifier: [{ system: URI, value: identifier }] },
        request: {
          method: 'POST',
          url: resource.resourceType,
          ifNoneExist: new URLSearchParams({ patient, identifier: `${URI}|${identifier}` }).toString(),
        },
      }))
      const content = write({ resourceType: 'Bundle', type: 'transaction', entry })
      const headers = { 'Content-Type': JSON_TYPE, Prefer: 'return=minimal' }
      await http.raw('POST', BASE, { type: JSON_TYPE, content, headers }, { context })
    },

    /** What there is for this caller: types, each with its search parameters. */
    async types(options: Options = {}): Promise<Map<string, Set<string>>> {
      const { text } = await http.raw(
        'GET',
        path('metadata'),
        { type: JSON_TYPE, dataless: true },
        { context, ...options },
      )
      const resources = (JSON.parse(text) as CapabilityStatement).rest?.[0]?.resource ?? []
      return new Map(resources.map((it) => [it.type, new Set(it.searchParam?.map((p) => p.name))]))
    },
  }
}

export const URI = 'urn:ietf:rfc:3986'
export const newIdentifier = () => `urn:uuid:${crypto.randomUUID()}`
