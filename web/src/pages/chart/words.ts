import type {
  Address,
  CodeableConcept,
  ContactPoint,
  HumanName,
  Identifier,
  Patient,
  Quantity,
} from '@/api/fhirTypes'

/** A name as people say it; of several the official or usual one. */
export function nameOf(names: HumanName | HumanName[] | undefined): string {
  const all = Array.isArray(names) ? names : names ? [names] : []
  const best =
    all.find((it) => it.use === 'official') ??
    all.find((it) => it.use === 'usual') ??
    all.find((it) => it.use !== 'old') ??
    all[0]
  if (!best) return ''
  return best.text ?? [...(best.given ?? []), best.family].filter(Boolean).join(' ')
}

/** What a concept is called: its own words, else its codes'. */
export function conceptOf(concept: CodeableConcept | undefined): string {
  const named = concept?.coding?.find((it) => it.display)
  return concept?.text ?? named?.display ?? concept?.coding?.find((it) => it.code)?.code ?? ''
}

/** One of a concept's codes, by system. */
export const codeOf = (concept: CodeableConcept | undefined, system: string): string | undefined =>
  concept?.coding?.find((it) => it.system === system)?.code

export const hasCodeOf = (concept: CodeableConcept | undefined, ...codes: string[]): boolean =>
  concept?.coding?.some((it) => it.code !== undefined && codes.includes(it.code)) === true

export const recordNumber = (identifiers: Identifier[] | undefined): string | undefined =>
  identifiers?.find((it) => hasCodeOf(it.type, 'MR'))?.value

export const phonesOf = (telecom: ContactPoint[] | undefined): string[] =>
  (telecom ?? []).flatMap((it) =>
    (it.system === 'phone' || it.system === 'sms') && it.value ? [it.value] : [],
  )

export const emailsOf = (telecom: ContactPoint[] | undefined): string[] =>
  (telecom ?? []).flatMap((it) => (it.system === 'email' && it.value ? [it.value] : []))

export const isPhone = (value: string) => /\d.*\d.*\d/.test(value)
export const isEmail = (value: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)

export const addressOf = (addresses: Address[] | undefined): string => {
  const first = addresses?.[0]
  if (!first) return ''
  const place = [first.city, [first.state, first.postalCode].filter(Boolean).join(' ')].filter(Boolean)
  return first.text ?? [...(first.line ?? []), ...place].join(', ')
}

/** Whether a chart goes on in another. */
export const isMerged = (patient: Patient): boolean =>
  patient.link?.some((it) => it.type === 'replaced-by') === true

/** Whom to call in an emergency. */
export const isEmergency = (contact: NonNullable<Patient['contact']>[number]): boolean =>
  contact.relationship?.some((it) => hasCodeOf(it, 'C')) === true

/** A unit as it is shown: codes in braces are annotations. */
export const unitOf = (quantity: Quantity | undefined): string =>
  (quantity?.unit ?? quantity?.code ?? '')
    .replaceAll(/[{}]/g, '')
    .replace('10*3/', '×10³/')
    .replace('10*6/', '×10⁶/')
    .replace(/uL$/, 'µL')

export function quantityOf(quantity: Quantity | undefined): string {
  if (quantity?.value === undefined) return ''
  return `${quantity.comparator ?? ''}${quantity.valueText ?? quantity.value} ${unitOf(quantity)}`.trim()
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** The words of a narrative, a line a block. It is never put into the page as markup. */
export function narrativeWords(div: string | undefined): string {
  return (div ?? '')
    .replaceAll(/<(br|hr)\s*\/?>|<\/(p|div|li|tr|h[1-6]|table|ul|ol|dd|dt|caption)>/gi, '\n')
    .replaceAll(/<\/t[dh]>/gi, '  ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
      if (!name.startsWith('#')) return ENTITIES[name] ?? whole
      const point =
        name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
    })
    .split('\n')
    .map((it) => it.replaceAll(/[^\S\n]+/g, ' ').trim())
    .filter(Boolean)
    .join('\n')
}

/** The text of a document that is text. */
export function plainText(type: string | undefined, data: string | undefined): string | undefined {
  if (!data || !/^text\/plain\b/.test(type ?? '')) return undefined
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)))
  } catch {
    return undefined
  }
}
