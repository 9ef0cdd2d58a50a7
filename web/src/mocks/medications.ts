import { HttpResponse, http } from 'msw'
import type {
  Dose,
  DoseView,
  Order,
  PassResident,
  Sheet,
  SheetEntry,
  SheetEntryNew,
  SheetNew,
  Told,
} from '@/api/medications'
import { answering, json, needContext, needStepUp, Refusal, refuse } from './contract'
import { patientId } from './records'
import { world } from './world'

const MINUTE = 60_000
const ZONE = 'America/New_York'
const orderId = (n: number) => `0195f2a0-0000-7000-8000-0000000e000${n}`
export const STOCK = '0195f2a0-0000-7000-8000-0000000f0001'

export interface MockMedications {
  residents: PassResident[]
  /** What was recorded, by the request's id. */
  recorded: Map<string, { sent: string; told: Told }>
  /** Doses that were sent, in their order, every time. */
  sent: Dose[]
  /** So many batches are done and their answers lost on the way; there is no network at all. */
  loses: number
  down: boolean
  /** Every dose is refused with this code. */
  refuses: { code: string; from?: string } | null
  effects: { administration: string; effect: string }[]
  wrong: { administration: string; reason: string }[]
  turned: string[]
  sheets: Sheet[]
  entries: SheetEntry[]
}

const waiting = (due: string, state: DoseView['state'], missed: string): DoseView => ({
  due,
  state,
  missed,
  elsewhere: false,
})

const makeOrder = (n: number, medication: string, more: Partial<Order>): Order => ({
  order: orderId(n),
  version: 'W/"1"',
  medication,
  dosage: '1 tablet by mouth',
  route: 'Oral',
  status: 'active',
  unclear: false,
  codes: [],
  sheets: [],
  doses: [],
  ...more,
})

/** Walter has a morning, Olive something late, something as needed and something counted. */
export function makeMedications(now = Date.now()): MockMedications {
  const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString()
  const due = (minutes: number, state: DoseView['state']) => waiting(at(minutes), state, at(minutes + 600))
  return {
    residents: [
      {
        patient: patientId(1),
        name: 'Ashdown, Walter',
        born: '1941-03-09',
        room: 'Room 12',
        away: null,
        allergies: ['Penicillin'],
        zone: ZONE,
        orders: [
          makeOrder(1, 'Metformin 500 mg tablet', {
            codes: ['861007', '0093-1048-01'],
            doses: [due(-5, 'due'), due(300, 'later')],
          }),
          makeOrder(2, 'Lisinopril 10 mg tablet', { codes: ['314076'], doses: [due(-10, 'due')] }),
        ],
      },
      {
        patient: patientId(2),
        name: 'Kowalczyk, Olive',
        born: '1938-11-30',
        room: 'Room 3',
        away: null,
        allergies: [],
        zone: ZONE,
        orders: [
          makeOrder(3, 'Donepezil 10 mg tablet', { doses: [due(-90, 'late')] }),
          makeOrder(4, 'Acetaminophen 500 mg tablet', {
            as_needed: { reason: 'pain', next: at(-1) },
          }),
          makeOrder(5, 'Oxycodone 5 mg tablet', {
            codes: ['1049621'],
            as_needed: { reason: null, next: at(95) },
            sheets: [{ stock: STOCK, place: 'Cart 1', witness_to_give: false }],
          }),
        ],
      },
    ],
    recorded: new Map(),
    sent: [],
    loses: 0,
    down: false,
    refuses: null,
    effects: [],
    wrong: [],
    turned: [],
    sheets: [
      {
        stock: STOCK,
        facility: 1,
        medication: 'Oxycodone 5 mg tablet',
        unit: 'tablets',
        place: 'Cart 1',
        witness_to_give: false,
        on_hand: 12_000,
        entries: 1,
        difference: null,
        counted_at: null,
        waiting: 0,
      },
    ],
    entries: [
      {
        entry: '0195f2a0-0000-7000-8000-0000000f0101',
        kind: 'received',
        change: 12_000,
        counted: null,
        by: 'Jonas Wetherby',
        at: at(-3000),
        note: null,
        witness: null,
        number: 1,
        balance: 12_000,
        own: false,
      },
    ],
  }
}

function mayGive(request: Request) {
  const found = needContext(request)
  if (!found.post.permissions.includes('medications.give')) refuse(403, 'forbidden')
  if (world.medications.down) throw new Refusal(HttpResponse.error())
  return found
}

const doses = () => world.medications.residents.flatMap((it) => it.orders.flatMap((order) => order.doses))

function record(dose: Dose): Told {
  const { recorded, residents, refuses } = world.medications
  const sent = JSON.stringify(dose)
  const before = recorded.get(dose.request)
  if (before)
    return before.sent === sent
      ? { ...before.told, result: 'same' }
      : { request: dose.request, result: 'refused', code: 'request-used' }
  if (refuses && !dose.despite) return { request: dose.request, result: 'refused', ...refuses }
  const order = residents
    .find((it) => it.patient === dose.patient)
    ?.orders.find((it) => it.order === dose.order)
  if (!order) return { request: dose.request, result: 'refused', code: 'not-found' }
  const place = order.doses.find((it) => dose.due && it.due === dose.due)
  if (place?.administration)
    return {
      request: dose.request,
      result: 'conflict',
      administration: place.administration,
      outcome: place.state as Told['outcome'],
      by: place.by,
      at: place.at,
    }
  const made: DoseView = {
    due: dose.due ?? null,
    state: dose.outcome,
    missed: null,
    administration: crypto.randomUUID(),
    by: world.person.name,
    at: dose.at,
    reason: dose.reason ?? null,
    effect: null,
    elsewhere: false,
    effect_due: dose.due ? null : new Date(Date.parse(dose.at) + 60 * MINUTE).toISOString(),
  }
  if (place) Object.assign(place, made)
  else order.doses.push(made)
  const told: Told = {
    request: dose.request,
    result: 'made',
    administration: made.administration,
    outcome: dose.outcome,
    by: made.by,
    at: made.at,
  }
  recorded.set(dose.request, { sent, told })
  return told
}

const theSheet = (id: unknown) =>
  world.medications.sheets.find((it) => it.stock === id) ?? refuse(404, 'not-found')

export const medicationHandlers = [
  http.get(
    '*/api/medications/pass',
    answering(({ request }) => {
      const { echo } = mayGive(request)
      return json({ at: new Date().toISOString(), residents: world.medications.residents }, 200, echo)
    }),
  ),
  http.post(
    '*/api/medications/doses/batch',
    answering(async ({ request }) => {
      const { echo } = mayGive(request)
      const sent = ((await request.json()) as { doses: Dose[] }).doses
      world.medications.sent.push(...sent)
      const answers = sent.map(record)
      if (world.medications.loses > 0) {
        world.medications.loses--
        return HttpResponse.error()
      }
      return json({ answers }, 200, echo)
    }),
  ),
  http.post(
    '*/api/medications/doses/:administration/effect',
    answering(async ({ request, params }) => {
      const { echo } = mayGive(request)
      const { effect } = (await request.json()) as { effect: DoseView['effect'] }
      const found = doses().find((it) => it.administration === params.administration)
      if (!found) return refuse(404, 'not-found')
      if (found.effect) refuse(409, 'effect-known')
      found.effect = effect
      world.medications.effects.push({
        administration: String(params.administration),
        effect: String(effect),
      })
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.post(
    '*/api/medications/doses/:administration/wrong',
    answering(async ({ request, params }) => {
      const { echo } = mayGive(request)
      const { reason } = (await request.json()) as { reason: string }
      const found = doses().find((it) => it.administration === params.administration)
      if (!found) return refuse(404, 'not-found')
      world.medications.wrong.push({ administration: String(params.administration), reason })
      Object.assign(found, { state: 'due', administration: null, by: null, at: null, reason: null })
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.get(
    '*/api/patients/:patient/medications',
    answering(({ request, params }) => {
      const { echo } = needContext(request)
      const day = new URL(request.url).searchParams.get('from')
      const from = day ? Date.parse(`${day}T05:00:00Z`) : Date.now() - 5 * 1440 * MINUTE
      const until = from + 7 * 1440 * MINUTE
      const orders = world.medications.residents.find((it) => it.patient === params.patient)?.orders ?? []
      const stamp = (at: number) => new Date(at).toISOString()
      return json(
        { at: stamp(Date.now()), from: stamp(from), until: stamp(until), zone: ZONE, orders },
        200,
        echo,
      )
    }),
  ),
  http.post(
    '*/api/patients/:patient/medications/:order/:turn',
    answering(async ({ request, params }) => {
      const { echo } = mayGive(request)
      const order = world.medications.residents
        .flatMap((it) => it.orders)
        .find((it) => it.order === params.order)
      if (!order) return refuse(404, 'not-found')
      if (request.headers.get('If-Match') !== order.version) refuse(412, '')
      const { reason } = (await request.json()) as { reason?: string }
      const holds = params.turn === 'hold'
      Object.assign(order, { status: holds ? 'on-hold' : 'active', held_because: reason ?? null })
      world.medications.turned.push(String(params.turn))
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.get(
    '*/api/medications/counts',
    answering(({ request }) => json({ sheets: world.medications.sheets }, 200, mayGive(request).echo)),
  ),
  http.post(
    '*/api/medications/counts',
    answering(async ({ request }) => {
      const { echo } = mayGive(request)
      const { codes: _, ...asked } = (await request.json()) as SheetNew
      if (!request.headers.get('Lamplight-Facility')) refuse(400, 'invalid')
      const sheet: Sheet = {
        ...asked,
        stock: crypto.randomUUID(),
        facility: 1,
        witness_to_give: asked.witness_to_give ?? false,
        on_hand: 0,
        entries: 0,
        waiting: 0,
      }
      world.medications.sheets.push(sheet)
      return json(sheet, 201, echo)
    }),
  ),
  http.get(
    '*/api/medications/counts/:stock/entries',
    answering(({ request, params }) => {
      const { echo } = mayGive(request)
      theSheet(params.stock)
      return json({ entries: world.medications.entries }, 200, echo)
    }),
  ),
  http.post(
    '*/api/medications/counts/:stock/entries',
    answering(async ({ request, params }) => {
      const { echo } = mayGive(request)
      const sheet = theSheet(params.stock)
      const { kind, amount, note } = (await request.json()) as SheetEntryNew
      if (['wasted', 'corrected'].includes(kind) && !note) refuse(422, 'reason-needed')
      const waits = kind !== 'received'
      const change = kind === 'counted' ? 0 : kind === 'wasted' || kind === 'given' ? -amount : amount
      if (waits) sheet.waiting++
      else sheet.on_hand += amount
      const entry: SheetEntry = {
        entry: crypto.randomUUID(),
        kind,
        change,
        counted: kind === 'counted' ? amount : null,
        by: world.person.name,
        at: new Date().toISOString(),
        note: note ?? null,
        witness: null,
        number: waits ? null : world.medications.entries.length + 1,
        balance: waits ? null : sheet.on_hand,
        own: true,
      }
      world.medications.entries.unshift(entry)
      return json({ entry: entry.entry }, 201, echo)
    }),
  ),
  http.post(
    '*/api/medications/counts/:stock/entries/:entry/witness',
    answering(({ request, params }) => {
      const { echo } = mayGive(request)
      needStepUp(request, 'medications.witness')
      const sheet = theSheet(params.stock)
      const entry = world.medications.entries.find((it) => it.entry === params.entry)
      if (!entry || entry.witness) return refuse(409, 'witness-done')
      if (entry.own) refuse(409, 'witness-other')
      witnessed(sheet, entry, world.person.name)
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
]

/** Somebody confirms an entry. */
export function witnessed(sheet: Sheet, entry: SheetEntry, name: string) {
  entry.witness = name
  sheet.waiting--
  if (entry.kind === 'given') return
  sheet.on_hand += entry.change
  entry.number = world.medications.entries.length
  entry.balance = sheet.on_hand
  if (entry.counted != null) {
    sheet.counted_at = entry.at
    sheet.difference = entry.counted === sheet.on_hand ? null : entry.counted - sheet.on_hand
  }
}
