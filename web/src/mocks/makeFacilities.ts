import type { Facility, OrganizationView } from '@/api/types'

/** Everything here is invented. */
export const makeFacilities = (): Facility[] => [
  place('elm', 'Elm Court Assisted Living', 'live'),
  place('rose', 'Rosewood House', 'pilot'),
]

export function place(code: string, name: string, state: Facility['state']): Facility {
  return { code, name, time_zone: 'America/New_York', state, hours: [], version: 1 }
}

export const makeSettings = (): OrganizationView & { logo?: string | null } => ({
  slug: 'sunrise',
  kind: 'senior-care',
  name: 'Sunrise Senior Living',
  accent: '#7a4b12',
  idle_seconds: 900,
  session_seconds: 43_200,
  portal_second_factor: true,
  version: 1,
})
