import { HttpResponse, http } from 'msw'
import type {
  Answers,
  Item,
  NoteDraft,
  NoteTemplate,
  Questionnaire,
  SignedNote,
  Summary,
} from '@/api/noteTypes'
import { words } from '@/pages/notes/answers'
import { isAsked, isScore, isShown, itemOf, items, missingOf } from '@/pages/notes/form'
import { scoresOf } from '@/pages/notes/scores'
import { answering, fields, json, needContext, needStepUp, problem, Refusal, refuse } from './contract'
import { templateOf } from './noteTemplates'
import { world } from './world'

export interface MockNote extends SignedNote {
  patient: string
  author: number
  replaced: boolean
}

export interface MockNotes {
  templates: NoteTemplate[]
  drafts: NoteDraft[]
  signed: MockNote[]
  /** Of drafts that were signed. */
  became: Map<string, string>
  begun: Map<string, NoteDraft>
  /** Answers to saves and signing wait for this, or are lost on the way. */
  down: boolean
  /** So many saves are done and their answers lost on the way. */
  loses: number
  saves: number
}

/** Whole lines of the mock's own; the server's are its own affair. */
function summaryOf(questionnaire: Questionnaire, answers: Answers): Summary {
  const scores = scoresOf(questionnaire, answers)
  const sections = (questionnaire.item ?? []).map((section) => ({
    title: section.text ?? '',
    lines: [...items(section)].flatMap(({ item }) => {
      if (!isShown(item.linkId, questionnaire, answers)) return []
      if (isScore(item)) {
        const score = scores[item.linkId]
        return score ? [`${item.text}: ${score.value} (${score.text})`] : []
      }
      const said = isAsked(item) ? words(answers[item.linkId], item, 'America/New_York') : ''
      return said ? [`${item.text}: ${said}`] : []
    }),
  }))
  return {
    sections: sections.filter((it) => it.lines.length > 0),
    missing: missingOf(questionnaire, answers),
  }
}

const KEYS: Partial<Record<Item['type'], string[]>> = {
  choice: ['valueCoding'],
  'open-choice': ['valueCoding', 'valueString'],
  text: ['valueString'],
  string: ['valueString'],
  boolean: ['valueBoolean'],
  integer: ['valueInteger'],
  decimal: ['valueDecimal'],
  quantity: ['valueQuantity'],
  date: ['valueDate'],
  dateTime: ['valueDateTime'],
  time: ['valueTime'],
}

function check(questionnaire: Questionnaire, answers: Answers) {
  for (const [linkId, given] of Object.entries(answers)) {
    const item = itemOf(questionnaire, linkId)
    const fits =
      item && isAsked(item) && given.every((it) => KEYS[item.type]?.includes(Object.keys(it)[0] ?? ''))
    if (!fits) refuse(422, 'answer-invalid', { link_id: linkId })
  }
}

const done = (echo: Record<string, string>) => new HttpResponse(null, { status: 204, headers: echo })
const now = () => new Date().toISOString()
const me = (membership: number) => ({ membership, name: world.person.name })

function needs(request: Request, permission: string) {
  if (world.notes.down) throw new Refusal(HttpResponse.error())
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}
const draftOf = (id: unknown): NoteDraft => {
  const signed = world.notes.became.get(String(id))
  if (signed) refuse(410, 'draft-signed', { composition: signed })
  return world.notes.drafts.find((it) => it.id === id) ?? (refuse(404, 'not-found') as never)
}
const noteOf = (id: unknown): MockNote =>
  world.notes.signed.find((it) => it.composition === id) ?? (refuse(404, 'not-found') as never)
const templateFor = (name: string) =>
  world.notes.templates.find((it) => it.template === name) ?? (refuse(404, 'not-found') as never)

function match(request: Request, draft: NoteDraft) {
  const version = request.headers.get('If-Match')
  if (!version) refuse(428, 'version-required')
  if (version !== `W/"${draft.version}"`) refuse(412, 'draft-changed', { current: draft })
}
const shown = (draft: NoteDraft, membership: number) => ({
  ...draft,
  own: draft.author.membership === membership,
})
const view = ({ patient: _, author: _a, replaced: _r, ...note }: MockNote): SignedNote => note

function lastOf(patient: string, url: string): NoteDraft['last'] {
  const found = world.notes.signed
    .filter((it) => it.patient === patient && !it.replaced && it.template?.startsWith(`${url}|`))
    .toSorted((a, b) => b.signed.at.localeCompare(a.signed.at))[0]
  return found
    ? { composition: found.composition, at: found.signed.at, by: found.signed.by, answers: found.answers }
    : null
}

function carried(questionnaire: Questionnaire, answers: Answers): Answers {
  const kept: Answers = {}
  for (const { item } of items(questionnaire))
    if (['choice', 'open-choice', 'text', 'string'].includes(item.type) && answers[item.linkId])
      kept[item.linkId] = answers[item.linkId] ?? []
  return kept
}

/** Also as FHIR, where the chart's list reads it. */
function compose(note: MockNote, relatesTo?: object[]) {
  world.records.push({
    type: 'Composition',
    id: note.composition,
    version: 1,
    text: JSON.stringify({
      resourceType: 'Composition',
      id: note.composition,
      identifier: { system: 'https://lamplight.health/fhir/note', value: note.composition },
      status: 'final',
      subject: { reference: `Patient/${note.patient}` },
      date: note.signed.at,
      author: [{ display: note.signed.by }],
      title: note.title,
      relatesTo,
      section: note.sections.map((it) => ({
        title: it.title,
        text: {
          div: `<div xmlns="http://www.w3.org/1999/xhtml">${it.lines.map((l) => `<p>${l}</p>`).join('')}</div>`,
        },
      })),
    }),
  })
}

export const noteHandlers = [
  http.get(
    '*/api/note-templates',
    answering(({ request }) => {
      const { echo, post } = needContext(request)
      const edits = post.permissions.includes('templates.edit')
      if (!edits && !post.permissions.includes('notes.write') && !post.permissions.includes('chart.read'))
        refuse(403, 'forbidden')
      const templates = world.notes.templates.filter((it) => edits || it.status === 'active')
      return json({ templates }, 200, echo)
    }),
  ),
  http.post(
    '*/api/note-templates',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'templates.edit')
      const { questionnaire, status, replaces } = (await request.json()) as {
        questionnaire: Questionnaire
        status: 'draft' | 'active'
        replaces: string | null
      }
      const faults = [...items(questionnaire)]
        .filter(({ item }) => item.type === 'choice' && (item.answerOption ?? []).length === 0)
        .map(({ item }) => `item ${item.linkId}: a choice without answerOption`)
      if (!questionnaire.title) faults.push('Questionnaire: title: 1 to 500 characters')
      if (faults.length > 0) refuse(422, 'template-invalid', { faults })
      const url = replaces?.split('|')[0] ?? questionnaire.url ?? ''
      const versions = world.notes.templates.filter((it) => it.url === url)
      const newest = versions.toSorted((a, b) => Number(b.version) - Number(a.version))[0]
      if (replaces && newest?.template !== replaces) refuse(409, 'template-changed')
      const version = String(Number(newest?.version ?? '0') + 1)
      const made = templateOf({ ...questionnaire, url, version, status }, status, false)
      if (status === 'active')
        world.notes.templates = world.notes.templates.map((it) =>
          it.url === url && it.status === 'active' ? { ...it, status: 'retired' } : it,
        )
      world.notes.templates = [...world.notes.templates, made]
      return json(made, 201, echo)
    }),
  ),
  http.post(
    '*/api/note-templates/retire',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'templates.edit')
      const { template } = await fields(request, { template: '' })
      templateFor(template)
      world.notes.templates = world.notes.templates.map((it) =>
        it.template === template ? { ...it, status: 'retired' } : it,
      )
      return done(echo)
    }),
  ),
  http.get(
    '*/api/patients/:patient/note-drafts',
    answering(({ request, params }) => {
      const { echo, post } = needs(request, 'notes.write')
      const drafts = world.notes.drafts
        .filter((it) => it.patient === params.patient)
        .map(({ id, template, author, started_at, saved_at, saved_by, version }) => ({
          id,
          title: template.title,
          template: template.template,
          author,
          own: author.membership === post.membership,
          started_at,
          saved_at,
          saved_by,
          version,
        }))
      return json({ drafts }, 200, echo)
    }),
  ),
  http.get(
    '*/api/note-drafts',
    answering(({ request }) => {
      const { echo, post } = needs(request, 'notes.write')
      const drafts = world.notes.drafts
        .filter((it) => it.author.membership === post.membership)
        .map(({ id, patient, template, author, started_at, saved_at, saved_by, version }) => {
          const record = world.records.find((it) => it.type === 'Patient' && it.id === patient)
          const name =
            (JSON.parse(record?.text ?? '{}') as { name?: { text: string }[] }).name?.[0]?.text ?? ''
          const line = { author, own: true, started_at, saved_at, saved_by, version }
          return {
            id,
            title: template.title,
            template: template.template,
            patient: { id: patient, name },
            ...line,
          }
        })
      return json({ drafts }, 200, echo)
    }),
  ),
  http.post(
    '*/api/patients/:patient/note-drafts',
    answering(async ({ request, params }) => {
      const { echo, post } = needs(request, 'notes.write')
      const key = request.headers.get('Idempotency-Key') ?? ''
      const before = world.notes.begun.get(key)
      if (before) return json(shown(before, post.membership), 201, echo)
      const asked = (await request.json()) as { template?: string; corrects?: string }
      const old = asked.corrects ? noteOf(asked.corrects) : undefined
      const template = templateFor(old?.template ?? asked.template ?? '')
      const patient = String(params.patient)
      const last = lastOf(patient, template.url)
      const answers = old?.answers ?? (last ? carried(template.questionnaire, last.answers) : {})
      const draft: NoteDraft = {
        id: crypto.randomUUID(),
        patient,
        template,
        answers,
        last,
        corrects: old?.composition ?? null,
        snapshots: { vitals: null, medications: null },
        scores: scoresOf(template.questionnaire, answers),
        author: me(post.membership),
        own: true,
        started_at: now(),
        saved_at: now(),
        saved_by: me(post.membership),
        version: 1,
      }
      world.notes.drafts.push(draft)
      if (key) world.notes.begun.set(key, draft)
      return json(draft, 201, echo)
    }),
  ),
  http.get(
    '*/api/note-drafts/:draft',
    answering(({ request, params }) => {
      const { echo, post } = needs(request, 'notes.write')
      return json(shown(draftOf(params.draft), post.membership), 200, echo)
    }),
  ),
  http.put(
    '*/api/note-drafts/:draft',
    answering(async ({ request, params }) => {
      if (world.notes.down) return HttpResponse.error()
      const { echo, post } = needs(request, 'notes.write')
      const draft = draftOf(params.draft)
      const { answers } = (await request.json()) as { answers: Answers }
      match(request, draft)
      check(draft.template.questionnaire, answers)
      Object.assign(draft, {
        answers,
        version: draft.version + 1,
        saved_at: now(),
        saved_by: me(post.membership),
        scores: scoresOf(draft.template.questionnaire, answers),
      })
      world.notes.saves++
      if (world.notes.loses > 0) {
        world.notes.loses--
        return HttpResponse.error()
      }
      const { version, saved_at, scores } = draft
      return json({ version, saved_at, scores }, 200, echo)
    }),
  ),
  http.post(
    '*/api/note-drafts/:draft/snapshots',
    answering(async ({ request, params }) => {
      const { echo, post } = needs(request, 'notes.write')
      const draft = draftOf(params.draft)
      match(request, draft)
      const asked = (await request.json()) as Record<'vitals' | 'medications', boolean | null | undefined>
      const taken = {
        vitals: [{ text: 'Pulse', value: '82 /min', at: now(), reference: 'Observation/1' }],
        medications: [
          { text: 'amlodipine 5 MG Oral Tablet', value: null, at: null, reference: 'MedicationRequest/1' },
        ],
      }
      for (const which of ['vitals', 'medications'] as const) {
        if (asked[which] === null) draft.snapshots = { ...draft.snapshots, [which]: null }
        if (asked[which])
          draft.snapshots = { ...draft.snapshots, [which]: { taken_at: now(), entries: taken[which] } }
      }
      draft.version++
      return json(shown(draft, post.membership), 200, echo)
    }),
  ),
  http.get(
    '*/api/note-drafts/:draft/summary',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'notes.write')
      const draft = draftOf(params.draft)
      return json(summaryOf(draft.template.questionnaire, draft.answers), 200, echo)
    }),
  ),
  http.delete(
    '*/api/note-drafts/:draft',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'notes.write')
      const draft = draftOf(params.draft)
      match(request, draft)
      world.notes.drafts = world.notes.drafts.filter((it) => it !== draft)
      return done(echo)
    }),
  ),
  http.post(
    '*/api/note-drafts/:draft/sign',
    answering(async ({ request, params }) => {
      const { echo, post } = needs(request, 'notes.write')
      const draft = draftOf(params.draft)
      match(request, draft)
      const { reason } = (await request.json()) as { reason?: string }
      const { questionnaire } = draft.template
      const { sections, missing } = summaryOf(questionnaire, draft.answers)
      if (missing.length > 0) refuse(422, 'note-incomplete', { missing })
      if (draft.corrects && !reason) refuse(400, 'reason-required')
      if (draft.template.step_up) needStepUp(request, 'sign')
      for (const which of ['vitals', 'medications'] as const) {
        const snapshot = draft.snapshots[which]
        if (snapshot) sections.push({ title: which, lines: snapshot.entries.map((it) => it.text) })
      }
      const old = draft.corrects ? noteOf(draft.corrects) : undefined
      const composition = crypto.randomUUID()
      const note: MockNote = {
        composition,
        patient: draft.patient,
        author: post.membership,
        replaced: false,
        reason: reason ?? null,
        title: draft.template.title,
        signed: { at: now(), by: world.person.name },
        co_signed: [],
        needs_co_sign: draft.template.co_sign,
        addenda: [],
        replaces: old?.composition ?? null,
        replaced_by: null,
        intact: true,
        hash: 'c0ffee'.repeat(10),
        sections,
        template: draft.template.template,
        answers: draft.answers,
      }
      if (old) Object.assign(old, { replaced: true, replaced_by: composition })
      world.notes.signed.push(note)
      world.notes.drafts = world.notes.drafts.filter((it) => it !== draft)
      world.notes.became.set(draft.id, composition)
      compose(
        note,
        old && [{ code: 'replaces', targetReference: { reference: `Composition/${old.composition}` } }],
      )
      return json({ composition, hash: note.hash }, 201, echo)
    }),
  ),
  http.get(
    '*/api/notes/:note',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'chart.read')
      return json(view(noteOf(params.note)), 200, echo)
    }),
  ),
  http.post(
    '*/api/notes/:note/co-sign',
    answering(({ request, params }) => {
      const { echo, post } = needs(request, 'notes.co-sign')
      const note = noteOf(params.note)
      if (note.author === post.membership) return problem(403, 'own-note')
      note.co_signed = [...note.co_signed, { at: now(), by: world.person.name }]
      note.needs_co_sign = false
      return done(echo)
    }),
  ),
  http.post(
    '*/api/notes/:note/addenda',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'notes.write')
      const { text } = await fields(request, { text: '' })
      const note = noteOf(params.note)
      const composition = crypto.randomUUID()
      note.addenda = [...note.addenda, { composition, at: now(), by: world.person.name, text }]
      return json({ composition }, 201, echo)
    }),
  ),
  http.get(
    '*/api/me/journal-key',
    answering(({ request }) => {
      const { echo, post } = needContext(request)
      const key = btoa(String.fromCharCode(...new Uint8Array(32).fill(post.membership)))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '')
      return json({ id: `journal-${post.membership}`, key }, 200, echo)
    }),
  ),
]
