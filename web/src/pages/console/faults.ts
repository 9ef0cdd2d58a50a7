import { hasCode } from '@/api/errors'

/** The member that an answer `invalid` names, as "facility.code". */
export function faultAt(error: unknown): string | undefined {
  if (hasCode(error, 'slug-taken')) return 'slugTaken'
  return hasCode(error, 'invalid') ? /^([a-z_.]+): /.exec(error.detail)?.[1] : undefined
}

/** "49", "49.5" or "49.50" in hundredths; null for anything else. */
export function cents(text: string): number | null {
  const found = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text.trim())
  return found ? Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0')) : null
}

export const amount = (hundredths: number) => (hundredths / 100).toFixed(2)

export const money = (hundredths: number, currency: string) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(hundredths / 100)
