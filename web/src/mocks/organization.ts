import type { Role } from '@/api/types'

/** A post as its own row says it. Everyone here is invented. */
export interface MockPost {
  membership: number
  parent: number | null
  version: number
  name: string
  role: string
  role_key: string | null
  kind: 'staff' | 'portal'
  taken_up: boolean
  ended: boolean
  permissions: string[]
  denied: string[]
  facilities: string[]
  by_relationship: boolean
  ends_at: string | null
}

const post = (
  membership: number,
  parent: number | null,
  name: string,
  some: Partial<MockPost>,
): MockPost => ({
  membership,
  parent,
  version: 1,
  name,
  role: 'Nurse',
  role_key: null,
  kind: 'staff',
  taken_up: true,
  ended: false,
  permissions: ['chart.read', 'chart.search', 'chart.write'],
  denied: [],
  facilities: ['rose', 'elm'],
  by_relationship: false,
  ends_at: null,
  ...some,
})

const people = ['people.read', 'people.invite', 'people.end']
const charts = ['chart.read', 'chart.search', 'chart.write', 'audit.report']

/** The administrator, the head nurse who is signed in, those whom she invited, and one whom they did. */
export const makePosts = (): MockPost[] => [
  post(1, null, 'Ines Calder', {
    role: 'Administrator',
    permissions: [...charts, ...people, 'organization.manage', 'roles.edit'],
  }),
  post(3, 1, 'Amara Osei', { role: 'Head nurse', permissions: [...charts, ...people] }),
  post(4, 3, 'Jonas Wetherby', { role: 'Shift lead', permissions: [...charts, ...people] }),
  post(5, 4, 'Zoë Lindqvist', {
    role_key: 'nurse',
    permissions: [...charts, 'chart.delete'],
    taken_up: false,
  }),
  post(6, 4, 'Pia Brandt', { facilities: ['elm'] }),
  post(7, 3, 'Otto Fairweather', { ended: true }),
  post(9, 1, 'Rui Tanaka', { role: 'Front desk', permissions: ['chart.read'] }),
]

const role = (role_key: string, title: string, permissions: string[], some: Partial<Role> = {}): Role => ({
  role_key,
  title,
  kind: 'staff',
  tie: null,
  permissions,
  hidden: [],
  template: null,
  version: 1,
  posts: 0,
  ...some,
})

export const makeRoles = (): Role[] => [
  role('nurse', 'Nurse', ['chart.read', 'chart.search', 'chart.write'], { posts: 1 }),
  role('care-aide', 'Care aide', ['chart.read'], { tie: 'care-team' }),
  role('administrator', 'Administrator', ['organization.manage', 'roles.edit']),
]
