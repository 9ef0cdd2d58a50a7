import { HttpResponse, http } from 'msw'
import type { Bundle, CodeableConcept, Identifier, Patient, Resource } from '@/api/fhirTypes'
import { edited } from '@/api/json'
import { needContext, Refusal } from './contract'
import type { MockRecord } from './records'
import { world } from './world'

const TYPE = 'application/fhir+json'

/** The parameters that R4 has for the types here; any other is refused. */
const PARAMETERS: Record<string, string[]> = {
  Patient: ['_id', 'name', 'phonetic', 'birthdate', 'identifier', 'organization'],
  Organization: ['name', 'name:exact', 'identifier'],
  Encounter: ['patient', 'status'],
  AllergyIntolerance: ['patient', 'clinical-status'],
  Flag: ['patient', 'status'],
  Observation: ['patient', 'category', 'code', 'identifier', 'status'],
  Consent: ['patient', 'status'],
  Condition: ['patient', 'clinical-status', 'identifier'],
  MedicationRequest: ['patient', 'status'],
  MedicationStatement: ['patient', 'status'],
  Immunization: ['patient', 'status'],
  DiagnosticReport: ['patient', 'category'],
  Composition: ['patient', 'status'],
  DocumentReference: ['patient', 'status'],
  CarePlan: ['patient', 'status'],
  Communication: ['patient', 'status'],
  Goal: ['patient', 'lifecycle-status'],
  Coverage: ['patient', 'status'],
  RelatedPerson: ['patient', 'active'],
  Procedure: ['patient', 'status'],
  Location: ['name'],
}
const parametersOf = (type: string) =>
  (PARAMETERS[type] ?? []).filter((name) => type !== 'Patient' || !world.hiddenParameters.includes(name))
const CONTROLS = ['_count', '_cursor', '_sort']

function refused(status: number, code: string, diagnostics = ''): Response {
  const issue = [{ severity: 'error', code, diagnostics }]
  return new HttpResponse(JSON.stringify({ resourceType: 'OperationOutcome', issue }), {
    status,
    headers: { 'Content-Type': TYPE },
  })
}
const refuse = (...of: Parameters<typeof refused>): never => {
  throw new Refusal(refused(...of))
}

function needs(request: Request, permission: string, type?: string) {
  const found = needContext(request)
  if (type !== undefined && (!PARAMETERS[type] || world.hiddenTypes.includes(type)))
    refuse(404, 'not-supported', 'no such resource type')
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden', permission)
  if (type !== undefined && world.refusedTypes.includes(type)) refuse(403, 'forbidden')
  return found
}

const parsed = (record: MockRecord) => JSON.parse(record.text) as Resource & Record<string, unknown>

function shown(record: MockRecord): string {
  return edited(record.text, { id: record.id, meta: { versionId: String(record.version) } })
}

const has = (concept: unknown, code: string) =>
  ((Array.isArray(concept) ? concept : [concept]) as (CodeableConcept | undefined)[]).some((it) =>
    it?.coding?.some((coding) => coding.code === code),
  )
const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
/** How the server's phonetic search is told from the other here: vowels do not count, nor does a doubled letter. */
const sound = (text: string) =>
  plain(text)
    .replaceAll(/[aeiouyhw]/g, '')
    .replaceAll('z', 's')
    .replaceAll(/(.)\1+/g, '$1')

function matches(record: MockRecord, name: string, value: string): boolean {
  const it = parsed(record)
  const names = () =>
    record.type === 'Patient'
      ? ((it as Patient).name ?? []).flatMap((one) => [...(one.given ?? []), one.family ?? ''])
      : [String(it.name ?? '')]
  switch (name) {
    case 'patient': {
      const of = (it.subject ?? it.patient ?? it.beneficiary) as { reference?: string } | undefined
      return of?.reference === `Patient/${value}`
    }
    case 'name':
      return names().some((one) => plain(one).startsWith(plain(value)))
    case '_id':
      return value.split(',').includes(record.id)
    case 'status':
      return value.split(',').includes(String(it.status))
    case 'name:exact':
      return value.split(',').includes(String(it.name))
    case 'phonetic':
      return names().some((one) => sound(one) === sound(value))
    case 'birthdate':
      return (it as Patient).birthDate?.startsWith(value) === true
    case 'identifier': {
      const own = (it.identifier ?? []) as Identifier[]
      return own.some((one) => one.value === value || `${one.system}|${one.value}` === value)
    }
    case 'organization':
      return (it as Patient).managingOrganization?.reference === `Organization/${value}`
    case 'category':
    case 'code':
      return value.split(',').some((code) => has(it[name], code))
    case 'clinical-status':
      return has(it.clinicalStatus, value)
    default:
      return it[name] === value
  }
}

/** The clinical date, by which the newest comes first. */
const dateOf = (record: MockRecord): string => {
  const it = parsed(record)
  const period = (it.period ?? it.effectivePeriod) as { start?: string } | undefined
  const dates = [
    it.effectiveDateTime,
    it.date,
    it.authoredOn,
    it.onsetDateTime,
    it.recordedDate,
    period?.start,
  ]
  return String(dates.find((one) => typeof one === 'string') ?? '')
}

function found(type: string, form: URLSearchParams): MockRecord[] {
  const asked = [...form].filter(([name]) => !CONTROLS.includes(name))
  for (const [name] of asked)
    if (!parametersOf(type).includes(name)) refuse(400, 'not-supported', `${name}: no such search parameter`)
  const all = world.records.filter(
    (it) => it.type === type && asked.every(([name, value]) => matches(it, name, value)),
  )
  if (form.get('_sort') === 'family,given')
    return all.toSorted((a, b) => plain(lastFirst(a)).localeCompare(plain(lastFirst(b))))
  return all.toSorted((a, b) => dateOf(b).localeCompare(dateOf(a)))
}
const lastFirst = (record: MockRecord) => {
  const name = (parsed(record) as Patient).name?.[0]
  return `${name?.family} ${name?.given?.join(' ')}`
}

function insert(type: string, text: string): MockRecord {
  const made = { type, id: crypto.randomUUID(), version: 1, text }
  world.records.push(made)
  return made
}

const answer = (
  text: string,
  status: number,
  echo: Record<string, string>,
  more: Record<string, string> = {},
) => new HttpResponse(text, { status, headers: { 'Content-Type': TYPE, ...echo, ...more } })

const theOne = (type: string, id: string): MockRecord =>
  world.records.find((it) => it.type === type && it.id === id) ?? refuse(404, 'not-found')

function needJson(request: Request) {
  if (request.headers.get('Content-Type') !== TYPE) refuse(415, 'not-supported')
}

interface Asked {
  request: Request
  params: Record<string, string | readonly string[] | undefined>
}
type Handler = (asked: Asked, type: string) => Promise<Response> | Response

/** What is asked of a record by name that is restricted or erased. */
function closed(request: Request) {
  const { patient, restriction, erased_at } = world.kept
  if (!new URL(request.url).pathname.includes(patient)) return
  if (erased_at) refuse(410, 'deleted')
  if (restriction && request.headers.get('Lamplight-Purpose') !== 'HLEGAL') refuse(403, 'forbidden')
}

/** A resolver that may refuse. What was asked is remembered, a search with its form. */
function fhir(resolve: Handler) {
  return async (asked: Asked) => {
    world.asked.push(`${asked.request.method} ${new URL(asked.request.url).pathname}`)
    if (new URL(asked.request.url).search) world.asked.push('a query in an address')
    try {
      closed(asked.request)
      return await resolve(asked, String(asked.params.type))
    } catch (error) {
      if (error instanceof Refusal) return error.response
      throw error
    }
  }
}

/** FHIR R4 as far as the pages speak it, with the server's rules: no unknown parameter, no change without a version. */
export const fhirHandlers = [
  http.get(
    '*/fhir/R4/metadata',
    fhir(() => {
      const seen = Object.entries(PARAMETERS).filter(([type]) => !world.hiddenTypes.includes(type))
      const resource = seen.map(([type]) => ({
        type,
        searchParam: parametersOf(type).map((name) => ({ name })),
      }))
      return answer(JSON.stringify({ resourceType: 'CapabilityStatement', rest: [{ resource }] }), 200, {})
    }),
  ),
  http.post(
    '*/fhir/R4/:type/_search',
    fhir(async ({ request }, type) => {
      const form = new URLSearchParams(await request.text())
      world.searched.push(`${type}?${form}`)
      await world.slow
      const { echo } = needs(request, 'chart.search', type)
      const all = found(type, form)
      const from = Number(form.get('_cursor') ?? '0')
      const to = from + Number(form.get('_count') ?? '20')
      const next =
        to < all.length ? [{ relation: 'next', url: `http://h/fhir/R4/${type}?_cursor=${to}` }] : []
      const entry = all.slice(from, to).map((it) => `{"resource":${shown(it)}}`)
      const head = JSON.stringify({
        resourceType: 'Bundle',
        type: 'searchset',
        total: all.length,
        link: next,
      })
      return answer(`${head.slice(0, -1)},"entry":[${entry}]}`, 200, echo)
    }),
  ),
  http.get(
    '*/fhir/R4/:type/:id',
    fhir(({ request, params }, type) => {
      const { echo } = needs(request, 'chart.read', type)
      const record = theOne(type, String(params.id))
      return answer(shown(record), 200, echo, { ETag: `W/"${record.version}"` })
    }),
  ),
  http.put(
    '*/fhir/R4/:type/:id',
    fhir(async ({ request, params }, type) => {
      needJson(request)
      const { echo } = needs(request, 'chart.write', type)
      const record = theOne(type, String(params.id))
      const version = request.headers.get('If-Match') ?? refuse(428, 'required')
      if (version !== `W/"${record.version}"`) refuse(412, 'conflict')
      record.text = await request.text()
      record.version++
      return answer('', 200, echo, { ETag: `W/"${record.version}"` })
    }),
  ),
  http.post(
    '*/fhir/R4/:type',
    fhir(async ({ request }, type) => {
      needJson(request)
      const { echo, post } = needs(request, 'chart.write', type)
      const key = request.headers.get('Idempotency-Key') ?? refuse(400, 'required', 'idempotency-key')
      const text = await request.text()
      const facility = request.headers.get('Lamplight-Facility')
      if (
        type === 'Patient' &&
        post.facilities.length > 1 &&
        !post.facilities.some((it) => it.code === facility)
      )
        refuse(400, 'value', 'the header lamplight-facility names no facility within reach')
      const before = world.creates.get(key)
      if (before && before.text !== text) refuse(422, 'business-rule')
      const made = before?.made ?? insert(type, text)
      world.creates.set(key, { text, made })
      if (world.losesAnswers > 0) {
        world.losesAnswers--
        return HttpResponse.error()
      }
      return answer(shown(made), 201, echo)
    }),
  ),
  http.post(
    '*/fhir/R4',
    fhir(async ({ request }) => {
      needJson(request)
      if (request.headers.has('Idempotency-Key')) refuse(400, 'not-supported')
      const { echo } = needs(request, 'chart.write')
      const text = await request.text()
      const bundle = JSON.parse(text) as Bundle & {
        entry: { request: { method: string; url: string; ifNoneExist?: string } }[]
      }
      await world.slow
      if (world.refusesWrites) refuse(422, 'invalid')
      for (const { resource, request: asked } of bundle.entry) {
        if (asked.method !== 'POST' || resource?.resourceType !== asked.url) refuse(400, 'invalid')
        const there = asked.ifNoneExist ? found(asked.url, new URLSearchParams(asked.ifNoneExist)) : []
        if (there.length > 1) refuse(412, 'conflict')
        if (there.length === 0) insert(asked.url, JSON.stringify(resource))
      }
      world.bundles.push(text)
      if (world.losesAnswers > 0) {
        world.losesAnswers--
        return HttpResponse.error()
      }
      return answer(JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response' }), 200, echo)
    }),
  ),
]
