import type { AllergyIntolerance, CodeableConcept, Consent, Encounter, Observation } from '@/api/fhirTypes'
import { conceptOf, hasCodeOf } from './words'

/** What the banner asks for: few records, all of them read in full. */
export const CURRENT_STAY = { status: 'in-progress,onleave' }
export const ACTIVE = { status: 'active' }
/** SNOMED CT "Resuscitation status". */
export const CODE_STATUS = { code: '304251008' }

const NONE_KNOWN = ['716186003', '409137002', '428607008', '429625007']
const ALL_NONE_KNOWN = '716186003'

export const isNoneKnown = (allergy: AllergyIntolerance) => hasCodeOf(allergy.code, ...NONE_KNOWN)

const stands = (allergy: AllergyIntolerance) =>
  !hasCodeOf(allergy.verificationStatus, 'entered-in-error', 'refuted') &&
  !hasCodeOf(allergy.clinicalStatus, 'inactive', 'resolved')

const WORST = ['severe', 'moderate', 'mild']

/** How bad it may get: the worst reaction there was, or what the one who recorded it expects. */
export function severityOf(allergy: AllergyIntolerance): 'severe' | 'moderate' | 'mild' | 'high' | undefined {
  const worst = WORST.find((it) => allergy.reaction?.some((reaction) => reaction.severity === it))
  if (worst === 'severe') return 'severe'
  if (allergy.criticality === 'high') return 'high'
  return worst as 'moderate' | 'mild' | undefined
}

export type AllergyWords =
  | { kind: 'some'; allergies: AllergyIntolerance[] }
  | { kind: 'none-known'; what: string }
  | { kind: 'none-recorded' }

/** "None known" was asked and answered; "none recorded" was not. They are never the same words. */
export function allergyWords(all: AllergyIntolerance[]): AllergyWords {
  const standing = all.filter(stands)
  const some = standing.filter((it) => !isNoneKnown(it))
  const rank = (it: AllergyIntolerance) => (['severe', 'high'].includes(severityOf(it) ?? '') ? 0 : 1)
  if (some.length > 0) return { kind: 'some', allergies: some.toSorted((a, b) => rank(a) - rank(b)) }
  const none = standing.find((it) => hasCodeOf(it.code, ALL_NONE_KNOWN)) ?? standing[0]
  return none ? { kind: 'none-known', what: conceptOf(none.code) } : { kind: 'none-recorded' }
}

const placeOf = (stays: Encounter[], status: string) =>
  stays
    .flatMap((it) => it.location ?? [])
    .filter((it) => !it.period?.end && (it.status ?? 'active') === status)
    .map((it) => it.location.display)
    .filter(Boolean)
    .join(', ') || undefined

const isAway = (stay: Encounter) => stay.status === 'onleave'

/** The room, bed or wing of the present stay: of who is away, what is held for them. */
export const roomOf = (stays: Encounter[]): string | undefined =>
  stays.some(isAway) ? placeOf(stays, 'reserved') : placeOf(stays, 'active')

/** Where they are who are away. */
export const awayOf = (stays: Encounter[]): string | undefined => placeOf(stays.filter(isAway), 'active')

/** SNOMED CT "For resuscitation": everything is done. */
const FULL = '304252001'

const timeOf = (it: Observation) => Date.parse(it.effectiveDateTime ?? it.issued ?? '') || 0

/** By when it was so, and not by when it was written down. */
export const latestFirst = (all: Observation[]) => all.toSorted((a, b) => timeOf(b) - timeOf(a))

/** What is to be done when the heart stops, as the latest record says it, and whether that is less than everything. */
export function codeStatusOf(
  observations: Observation[] | null,
  consents: Consent[] | null,
): { words: string; limits: boolean } | undefined {
  const latest = latestFirst(observations ?? []).find(
    (it) => it.status === 'final' || it.status === 'amended',
  )
  const value = latest && (conceptOf(latest.valueCodeableConcept) || latest.valueString)
  if (latest && value) return { words: value, limits: !hasCodeOf(latest.valueCodeableConcept, FULL) }
  const isDnr = (it: CodeableConcept) => hasCodeOf(it, 'dnr')
  const consent = consents?.find((it) => it.category?.some(isDnr))
  if (!consent) return undefined
  return { words: conceptOf(consent.policyRule) || conceptOf(consent.category?.find(isDnr)), limits: true }
}
