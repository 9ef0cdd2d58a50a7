import type { Merge, PatientTie } from '@/api/charts'
import type { Export } from '@/api/exports'
import type {
  Access,
  Authorization,
  DemoPerson,
  Facility,
  Factor,
  Invitation,
  Membership,
  Module,
  OpenContext,
  OrganizationView,
  OwnTie,
  Role,
  SupportRequest,
} from '@/api/types'
import type { MockFile } from './documents'
import { type MockEmergency, makeEmergencies } from './emergencies'
import { type MockKept, makeKept } from './erasures'
import { makeAccesses, makeTies } from './log'
import { makeFacilities, makeSettings } from './makeFacilities'
import { type MockOversight, makeOversight } from './makeOversight'
import { type MockMedications, makeMedications } from './medications'
import type { MockNotes } from './notes'
import { makeTemplates } from './noteTemplates'
import { type MockPost, makePosts, makeRoles } from './organization'
import { type MockPlane, makePlane } from './platform'
import { type MockRecord, makeRecords } from './records'
import { type MockShift, makeShift } from './shift'
import { makeSupport } from './support'

/** The server as far as the contract tells of it, for one browser. Everyone in it is invented. */
export interface World {
  person: { name: string; email: string; password: string }
  factors: Factor[]
  recovery: string[]
  /** An organization of the person's demands a second factor. */
  factorRequired: boolean
  session: { strength: 'password' | 'two-factor'; signedInAt: number; usedAt: number; endsAt: number } | null
  idleSeconds: number
  memberships: (Membership & { permissions: string[] })[]
  open: OpenContext[]
  login: { handle: string } | null
  pending: { id: string; kind: 'totp' | 'sms'; label: string } | null
  stepUps: Map<string, string>
  devices: { id: string; agent: string }[]
  authorization: Authorization
  invitation: Invitation
  /** Of the first organization. */
  posts: MockPost[]
  roles: Role[]
  emergencies: MockEmergency[]
  facilities: Facility[]
  modules: Module[]
  settings: OrganizationView & { logo?: string | null }
  plane: MockPlane
  support: SupportRequest[]
  exports: Export[]
  /** Any change would leave the organization without an administrator. */
  lastAdministrator: boolean
  /** Of the one patient there is, newest first. */
  accesses: Access[]
  /** Of the person's own posts. */
  ties: OwnTie[]
  merges: Merge[]
  patientTies: PatientTie[]
  /** What answers about the patient demand to be said. */
  notice: string | null
  throttled: boolean
  /** The people of a demonstration. */
  demo: DemoPerson[]
  /** Answers in a context claim to be of this one. */
  wrongEcho: string | null
  /** The chart, of the first organization. */
  records: MockRecord[]
  /** Types that do not exist for the post, and types that it is refused. */
  hiddenTypes: string[]
  refusedTypes: string[]
  /** Of patients: what is hidden has no search parameter. */
  hiddenParameters: string[]
  /** Creates by their idempotency keys. */
  creates: Map<string, { text: string; made: MockRecord }>
  /** Searches, with their forms, and transactions, as they came. */
  searched: string[]
  bundles: string[]
  /** Searches and transactions wait for this. */
  slow: Promise<void> | null
  /** So many writes are done and their answers lost on the way. */
  losesAnswers: number
  /** Transactions are refused. */
  refusesWrites: boolean
  /** Files of patients, and whether nothing can look for viruses in them. */
  files: MockFile[]
  noScanner: boolean
  notes: MockNotes
  shift: MockShift
  medications: MockMedications
  oversight: MockOversight
  kept: MockKept
  /** So many requests are answered 503. */
  busy: number
  /** What was asked, for tests: "METHOD path". */
  asked: string[]
}

export const CODE = '123456'
export const LINK = 'link-of-a-mail'

const facilities = {
  rose: { code: 'rose', name: 'Rosewood House', time_zone: 'America/New_York' },
  elm: { code: 'elm', name: 'Elm Court Assisted Living', time_zone: 'America/New_York' },
}

export function makeWorld(changes: Partial<World> = {}): World {
  const sunrise = { slug: 'sunrise', name: 'Sunrise Senior Living', kind: 'provider' }
  const harbor = { slug: 'harbor', name: 'Harbor Home Care', kind: 'provider' }
  const nurse: World['memberships'][number] = {
    organization: sunrise,
    membership: 3,
    role: 'Head nurse',
    facilities: [facilities.rose, facilities.elm],
    kind: 'staff',
    color: 'teal',
    support: null,
    permissions: [
      'chart.read',
      'chart.search',
      'chart.write',
      'notes.write',
      'notes.co-sign',
      'templates.edit',
      'audit.report',
    ],
  }
  return {
    person: { name: 'Amara Osei', email: 'amara.osei@example.org', password: 'violet kettle harbour' },
    factors: [
      {
        id: 'f1',
        kind: 'totp',
        label: 'Authenticator app',
        hint: null,
        added_at: '2026-08-03T09:10:00Z',
        used_at: '2026-11-21T06:58:00Z',
      },
    ],
    recovery: recoveryCodes('a'),
    factorRequired: true,
    session: null,
    idleSeconds: 900,
    memberships: [
      nurse,
      { ...nurse, membership: 8, role: 'Director of nursing', facilities: [], color: 'indigo' },
      {
        ...nurse,
        organization: harbor,
        membership: 1,
        role: 'Family member',
        facilities: [{ code: 'main', name: 'Harbor Home Care', time_zone: 'America/New_York' }],
        kind: 'portal',
        color: 'orange',
        permissions: ['chart.read'],
      },
    ],
    open: [],
    login: null,
    pending: null,
    stepUps: new Map(),
    devices: [
      { id: 'd1', agent: 'Chromium on Linux' },
      { id: 'd2', agent: 'Safari on iPhone' },
    ],
    authorization: {
      client: { name: 'CareGraph', uri: 'https://caregraph.example' },
      scopes: [
        { key: 'patient/*.rs', text: 'Read the charts you may read' },
        { key: 'offline_access', text: 'Do so while you are away' },
      ],
      contexts: [nurse],
      signed_in: true,
      sign_in_again: false,
    },
    invitation: {
      organization: sunrise,
      role: 'Nurse',
      email: 'new.nurse@example.org',
      account: false,
      password_rules: { min: 12, max: 256 },
    },
    posts: makePosts(),
    roles: makeRoles(),
    emergencies: makeEmergencies(),
    facilities: makeFacilities(),
    modules: [
      { key: 'family-portal', on: true, switched_off: false },
      { key: 'attorney-portal', on: false, switched_off: false },
    ],
    settings: makeSettings(),
    plane: makePlane(),
    support: makeSupport(),
    exports: [],
    lastAdministrator: false,
    kept: makeKept(),
    oversight: makeOversight(),
    accesses: makeAccesses(),
    ties: makeTies(),
    merges: [],
    patientTies: [
      {
        membership: 9,
        name: 'Ines Roy',
        role: 'Nurse',
        kind: 'care-team',
        state: 'active',
        starts_at: '2026-11-01T00:00:00Z',
        ends_at: null,
        waits_for: [],
      },
    ],
    notice: null,
    throttled: false,
    demo: [],
    wrongEcho: null,
    records: makeRecords(),
    hiddenTypes: [],
    refusedTypes: [],
    hiddenParameters: [],
    creates: new Map(),
    searched: [],
    bundles: [],
    slow: null,
    losesAnswers: 0,
    refusesWrites: false,
    files: [],
    noScanner: false,
    notes: {
      templates: makeTemplates(),
      drafts: [],
      signed: [],
      became: new Map(),
      begun: new Map(),
      down: false,
      loses: 0,
      saves: 0,
    },
    medications: makeMedications(),
    busy: 0,
    shift: makeShift(),
    asked: [],
    ...changes,
  }
}

export function recoveryCodes(seed: string): string[] {
  return Array.from({ length: 10 }, (_, i) => `${seed}${i}k7q-m${i}x4p`)
}

/** The one world the handlers answer from. */
export const world: World = makeWorld()

/** Begins anew. */
export function resetWorld(changes: Partial<World> = {}): World {
  return Object.assign(world, makeWorld(changes))
}

export const signedIn = (strength: 'password' | 'two-factor' = 'two-factor'): World['session'] => ({
  strength,
  signedInAt: Date.now(),
  usedAt: Date.now(),
  endsAt: Date.now() + 12 * 3_600_000,
})
