import { door } from './auth'
import { ApiError } from './errors'
import { http } from './http'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type PlatformMe = Schemas['PlatformMe']
export type PlatformOrganization = Schemas['OrganizationView']
export type OrganizationSettings = Schemas['OrganizationSettings']
export type NewOrganization = Schemas['NewPlatformOrganization']
export type Plan = Schemas['PlanView']
export type PlanBody = Schemas['Plan']
export type Plans = Schemas['Plans']
export type Administrator = Schemas['AdministratorView']
export type PlatformAnnouncement = Schemas['AnnouncementView']
export type NewAnnouncement = Pick<
  Schemas['NewAnnouncement'],
  'title' | 'text' | 'level' | 'organizations' | 'starts_at' | 'ends_at'
>
export type Announcement = Schemas['Announcement']
export type Usage = Schemas['Usage']
export type UsageAccount = Schemas['UsageAccount']
export type Health = Schemas['Health']
export type Sessions = Schemas['OrganizationSessions']
export type Figures = Schemas['Figures']
export type FigureCounts = Schemas['FigureCounts']
export type PeopleCount = Schemas['PeopleCount']

/** Someone of the plane looks at an organization for a while, if it lets them. The reason is the organization's to read. */
export type OwnSupport = Schemas['OwnSupport']
export type NewSupport = Schemas['NewSupport']

const segment = encodeURIComponent
const organization = (slug: string) => `/platform/organizations/${segment(slug)}`

/** Every organization, page after page. */
async function organizations(): Promise<PlatformOrganization[]> {
  const all: PlatformOrganization[] = []
  for (;;) {
    const after = all.at(-1)?.slug
    const page = await http.get<Schemas['PlatformOrganizations']>(
      after ? `/platform/organizations?after=${segment(after)}` : '/platform/organizations',
    )
    all.push(...page.organizations)
    if (!page.more || page.organizations.length === 0) return all
  }
}

/** Null for everyone who is not on the plane, and at an organization's own address. */
async function me(): Promise<PlatformMe | null> {
  if (!(await door()).plane) return null
  try {
    return await http.get<PlatformMe>('/platform/me', { quiet: true })
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return null
    throw error
  }
}

/** The calls of the plane above organizations. None names a context: nobody has one there. */
export const platform = {
  me,
  organizations,
  organization: (slug: string) => http.get<PlatformOrganization>(organization(slug)),
  create: (asked: NewOrganization) => http.post<PlatformOrganization>('/platform/organizations', asked),
  set: (slug: string, version: number, settings: OrganizationSettings) =>
    http.put<PlatformOrganization>(organization(slug), settings, { version }),
  subscribe: (slug: string, plan: string, extra: string[]) =>
    http.put<PlatformOrganization>(`${organization(slug)}/subscription`, { plan, extra }),
  signOut: (slug: string) => http.post<{ sessions: number }>(`${organization(slug)}/sign-out`),
  usage: (slug: string, month: string) =>
    http.get<Usage>(`${organization(slug)}/usage?month=${segment(month)}`),
  fixUsage: (slug: string, month: string) => http.post<Usage>(`${organization(slug)}/usage`, { month }),
  plans: () => http.get<Plans>('/platform/plans'),
  putPlan: (key: string, version: number, plan: PlanBody) =>
    http.put<Plan>(`/platform/plans/${segment(key)}`, plan, { version }),
  administrators: () => http.get<{ administrators: Administrator[] }>('/platform/administrators'),
  invite: (asked: { email: string; name: string; permissions: string[] }) =>
    http.post('/platform/administrators', asked),
  changeAdministrator: (administrator: number, version: number, permissions: string[]) =>
    http.put(`/platform/administrators/${administrator}`, { permissions }, { version }),
  endAdministrator: (administrator: number, version: number) =>
    http.delete(`/platform/administrators/${administrator}`, { version }),
  announcements: () => http.get<{ announcements: PlatformAnnouncement[] }>('/platform/announcements'),
  announce: (asked: NewAnnouncement) => http.post('/platform/announcements', asked),
  withdraw: (announcement: string) => http.delete(`/platform/announcements/${segment(announcement)}`),
  support: () => http.get<{ requests: OwnSupport[] }>('/platform/support'),
  askSupport: (asked: NewSupport) => http.post('/platform/support', asked),
  endSupport: (request: string) => http.delete(`/platform/support/${segment(request)}`),
  health: () => http.get<Health>('/platform/health'),
  sessions: () => http.get<{ organizations: Sessions[] }>('/platform/sessions'),
  figures: () => http.get<Figures>('/platform/figures'),
}
