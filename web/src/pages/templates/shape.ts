import type { Coding, Extension, Item, ItemType, Option, Questionnaire } from '@/api/noteTypes'
import { BAND, type Band, CALCULATED, isAsked, isScore, items, ORDINAL } from '@/pages/notes/form'

/** Changes to a template, each giving a new one. */

const ANSWERS = 'https://lamplight.health/fhir/CodeSystem/note-answer'
const SCORES = 'https://lamplight.health/fhir/CodeSystem/note-score'
const SUM = '%context.item.answer.value.ordinal().sum()'
/** What is new has a name to go by until it is saved. */
const NEW = 'new-'

const fresh = () => `${NEW}${crypto.randomUUID().slice(0, 8)}`

export const newItem = (type: ItemType = 'choice'): Item => ({
  linkId: fresh(),
  type,
  text: '',
  ...(type === 'choice' && { answerOption: [newOption(), newOption()] }),
})
export const newSection = (): Item => ({ linkId: fresh(), type: 'group', text: '', item: [newItem()] })
export const newOption = (): Option => ({ valueCoding: { system: ANSWERS, code: fresh(), display: '' } })
export const newScore = (): Item => ({
  linkId: fresh(),
  type: 'integer',
  text: '',
  readOnly: true,
  code: [{ system: SCORES, code: fresh() }],
  extension: [{ url: CALCULATED, valueExpression: { language: 'text/fhirpath', expression: SUM } }],
})
export const newTemplate = (kind: Coding): Questionnaire => ({
  resourceType: 'Questionnaire',
  url: `urn:uuid:${crypto.randomUUID()}`,
  version: '1',
  title: '',
  status: 'draft',
  code: [kind],
  item: [newSection()],
})

type Parent = { item?: Item[] }

/** The list that an item stands in is given anew; where it is not, nothing changes. */
function inList<P extends Parent>(
  parent: P,
  linkId: string,
  change: (list: Item[], at: number) => Item[],
): P {
  const list = parent.item ?? []
  const at = list.findIndex((it) => it.linkId === linkId)
  if (at >= 0) return { ...parent, item: change(list, at) }
  return { ...parent, item: parent.item?.map((it) => inList(it, linkId, change)) }
}

export const update = (of: Questionnaire, linkId: string, change: (item: Item) => Item): Questionnaire =>
  inList(of, linkId, (list, at) => list.map((it, i) => (i === at ? change(it) : it)))

/** Taken out, with the conditions that asked for it. */
export function remove(of: Questionnaire, linkId: string): Questionnaire {
  const gone = new Set<string>()
  for (const { item, within } of items(of))
    if ([...within, item].some((it) => it.linkId === linkId)) gone.add(item.linkId)
  const without = <P extends Parent>(parent: P): P => ({
    ...parent,
    ...(parent.item && {
      item: parent.item
        .filter((it) => it.linkId !== linkId)
        .map((it) => {
          const { enableWhen, ...rest } = it
          const asks = enableWhen?.some((one) => gone.has(one.question))
          return without(asks || !enableWhen ? rest : it)
        }),
    }),
  })
  return without(of)
}

export const addTo = (of: Questionnaire, group: string | null, item: Item): Questionnaire =>
  group === null
    ? { ...of, item: [...(of.item ?? []), item] }
    : update(of, group, (it) => {
        // A score stays at the end.
        const list = it.item ?? []
        const end = list.findIndex(isScore)
        return {
          ...it,
          item:
            end < 0 || isScore(item) ? [...list, item] : [...list.slice(0, end), item, ...list.slice(end)],
        }
      })

/** One place up or down: beyond the end of a section it goes into the next. */
export function move(of: Questionnaire, linkId: string, step: -1 | 1): Questionnaire {
  const found = [...items(of)].find(({ item }) => item.linkId === linkId)
  if (!found) return of
  const parent = found.within.at(-1)
  const list = parent?.item ?? of.item ?? []
  const at = list.findIndex((it) => it.linkId === linkId)
  if (list[at + step])
    return inList(of, linkId, (all, i) => {
      const next = [...all]
      const [moved] = next.splice(i, 1)
      if (moved) next.splice(i + step, 0, moved)
      return next
    })
  // Only what stands in a section itself goes over its edge.
  if (found.within.length !== 1) return of
  const sections = of.item ?? []
  const target = sections[sections.findIndex((it) => it.linkId === parent?.linkId) + step]
  if (!target) return of
  return update(
    inList(of, linkId, (all, i) => all.filter((_, j) => j !== i)),
    target.linkId,
    (it) => ({ ...it, item: step < 0 ? [...(it.item ?? []), found.item] : [found.item, ...(it.item ?? [])] }),
  )
}

/** Before another, or at the end of a group. A group goes into no group that has no room for it, nor into itself. */
export function moveTo(
  of: Questionnaire,
  linkId: string,
  to: { before: string } | { into: string },
): Questionnaire {
  const all = [...items(of)]
  const moved = all.find(({ item }) => item.linkId === linkId)
  const targetId = 'before' in to ? to.before : to.into
  const target = all.find(({ item }) => item.linkId === targetId)
  if (!moved || !target || targetId === linkId) return of
  if (target.within.some((it) => it.linkId === linkId)) return of
  const depth = 'before' in to ? target.within.length : target.within.length + 1
  const isSection = moved.within.length === 0
  if (isSection !== (depth === 0)) return of
  if (moved.item.type === 'group' && depth > 1) return of
  const without = inList(of, linkId, (list, at) => list.filter((_, i) => i !== at))
  if ('into' in to) return addTo(without, to.into, moved.item)
  return inList(without, to.before, (list, at) => [...list.slice(0, at), moved.item, ...list.slice(at)])
}

/** With the extensions of one address replaced. */
export function withExtensions<T extends { extension?: Extension[] }>(
  it: T,
  url: string,
  given: Extension[],
): T {
  const rest = (it.extension ?? []).filter((one) => one.url !== url)
  const extension = [...rest, ...given]
  const { extension: _, ...without } = it
  return (extension.length > 0 ? { ...without, extension } : without) as T
}

export const bandExtensions = (bands: Band[]): Extension[] =>
  bands.map(({ low, high, text, alert }) => ({
    url: BAND,
    extension: [
      ...(low === undefined ? [] : [{ url: 'low', valueInteger: low }]),
      ...(high === undefined ? [] : [{ url: 'high', valueInteger: high }]),
      { url: 'text', valueString: text },
      ...(alert ? [{ url: 'alert', valueBoolean: true }] : []),
    ],
  }))

/** An option with its points; it had them on the coding or beside it. */
export function withPoints(option: Option, points: number | undefined): Option {
  const given = points === undefined ? [] : [{ url: ORDINAL, valueDecimal: points }]
  const beside = withExtensions(option, ORDINAL, [])
  return { ...beside, valueCoding: withExtensions(option.valueCoding ?? {}, ORDINAL, given) }
}

/** Of another type: what that type does not have goes. */
export function retyped(item: Item, type: ItemType): Item {
  const { answerOption, repeats, maxLength, extension: _, ...rest } = item
  const chooses = type === 'choice' || type === 'open-choice'
  const writes = type === 'text' || type === 'string' || type === 'open-choice'
  const counts = ['integer', 'decimal', 'quantity'].includes(type)
  const kept = (item.extension ?? []).filter(({ url }) => {
    if (/minValue$|maxValue$/.test(url)) return counts
    return !url.endsWith('questionnaire-unit') && !url.endsWith('note-alert')
  })
  return {
    ...rest,
    type,
    ...(chooses && { answerOption: answerOption ?? [newOption(), newOption()], repeats }),
    ...(writes && maxLength !== undefined && { maxLength }),
    ...(kept.length > 0 && { extension: kept }),
    ...(type === 'display' && { required: undefined }),
  }
}

/** What may be asked about: questions that stand before. */
export function before(of: Questionnaire, linkId: string): Item[] {
  const found: Item[] = []
  for (const { item } of items(of)) {
    if (item.linkId === linkId) break
    if (isAsked(item)) found.push(item)
  }
  return found
}

const slug = (text: string) =>
  text
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '')

function unused(wanted: string, used: Set<string>): string {
  let name = wanted
  for (let n = 2; used.has(name); n++) name = `${wanted}-${n}`
  used.add(name)
  return name
}

/** With names that say something in place of the passing ones, and without what is empty. They are kept from then on. */
export function named(of: Questionnaire): Questionnaire {
  const used = new Set([...items(of)].map(({ item }) => item.linkId).filter((it) => !it.startsWith(NEW)))
  const names = new Map<string, string>()
  const codes = new Map<string, string>()
  for (const { item } of items(of))
    if (item.linkId.startsWith(NEW)) names.set(item.linkId, unused(slug(item.text ?? '') || 'item', used))
  const options = (all: Option[]): Option[] => {
    const taken = new Set(all.flatMap((it) => it.valueCoding?.code ?? []))
    return all.map((it) => {
      const coding = it.valueCoding
      if (!coding?.code?.startsWith(NEW)) return it
      const code = unused(slug(coding.display ?? '') || 'option', taken)
      codes.set(coding.code, code)
      return { ...it, valueCoding: { ...coding, code } }
    })
  }
  const first = (item: Item): Item => ({
    ...item,
    linkId: names.get(item.linkId) ?? item.linkId,
    ...(item.code && {
      code: item.code.map((it) =>
        it.code?.startsWith(NEW) ? { ...it, code: names.get(item.linkId) ?? slug(item.text ?? '') } : it,
      ),
    }),
    ...(item.answerOption && {
      answerOption: options(item.answerOption.filter((it) => it.valueCoding?.display?.trim())),
    }),
    ...(item.item && { item: item.item.map(first) }),
  })
  const conditions = (item: Item): Item => ({
    ...item,
    ...(item.enableWhen && {
      enableWhen: item.enableWhen.map((it) => ({
        ...it,
        question: names.get(it.question) ?? it.question,
        ...(it.answerCoding && {
          answerCoding: {
            ...it.answerCoding,
            code: codes.get(it.answerCoding.code ?? '') ?? it.answerCoding.code,
          },
        }),
      })),
    }),
    ...(item.item && { item: item.item.map(conditions) }),
  })
  return { ...of, item: of.item?.map(first).map(conditions) }
}
