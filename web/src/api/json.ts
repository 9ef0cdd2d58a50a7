/**
 * FHIR's numbers are decimals with their precision: 37.0 is not 37. What is sent back must be what came, so a record is
 * changed in its text, member by member, and never written anew from what the script understood of it.
 */

/** A number as it was typed. */
export class Decimal {
  readonly text: string
  constructor(text: string) {
    if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) throw new Error('not a decimal')
    this.text = text
  }
  toJSON(): number {
    return Number(this.text)
  }
}

/** As `JSON.stringify`, with decimals as they were typed. */
export function write(value: unknown): string {
  if (value instanceof Decimal) return value.text
  if (Array.isArray(value)) return `[${value.map((it) => write(it ?? null)).join(',')}]`
  if (value && typeof value === 'object') {
    const members = Object.entries(value).filter(([, it]) => it !== undefined)
    return `{${members.map(([key, it]) => `${JSON.stringify(key)}:${write(it)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** The members of an object's text, each with the text of its value. */
export function members(text: string): [string, string][] {
  const found: [string, string][] = []
  let depth = 0
  let from = -1
  let key: string | null = null
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      const end = endOfString(text, i)
      if (depth === 1 && key === null) {
        key = JSON.parse(text.slice(i, end + 1)) as string
        from = text.indexOf(':', end) + 1
        i = from - 1
      } else i = end
    } else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']' || c === ',') {
      if (c !== ',') depth--
      if (key !== null && (c === ',' ? depth === 1 : depth === 0)) {
        found.push([key, text.slice(from, i).trim()])
        key = null
      }
    }
  }
  return found
}

function endOfString(text: string, from: number): number {
  let i = from + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

/** The text with some of its members changed, added at the end, or taken out (`undefined`). The rest is as it was. */
export function edited(text: string, changes: object): string {
  const open = new Map(Object.entries(changes))
  const kept: string[] = []
  for (const [key, value] of members(text)) {
    const changed = open.has(key)
    const now = changed ? open.get(key) : undefined
    open.delete(key)
    if (!changed) kept.push(`${JSON.stringify(key)}:${value}`)
    else if (now !== undefined) kept.push(`${JSON.stringify(key)}:${write(now)}`)
  }
  for (const [key, value] of open) {
    if (value !== undefined) kept.push(`${JSON.stringify(key)}:${write(value)}`)
  }
  return `{${kept.join(',')}}`
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown

/**
 * As `JSON.parse`; beside a `value` whose digits a number does not keep, such as 37.0, stands `valueText`. Where the
 * browser does not tell the source (Firefox before 135, Safari before 18.4), it is left out.
 */
export function parse<Result>(text: string): Result {
  const revive: Reviver = function (key, value, context) {
    if (key === 'value' && typeof value === 'number' && context?.source && context.source !== String(value))
      Object.assign(this as object, { valueText: context.source })
    return value
  }
  return JSON.parse(text, revive) as Result
}
