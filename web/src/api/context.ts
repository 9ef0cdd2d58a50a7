import { http } from './http'
import type { Announcement } from './platform'
import type {
  Accesses,
  Branding,
  Emergencies,
  Emergency,
  Facility,
  FacilityBody,
  FacilityNew,
  Judgement,
  Me,
  Member,
  Module,
  NewMember,
  OrganizationBody,
  OrganizationView,
  Outlook,
  OwnTie,
  Post,
  PostChange,
  Question,
  Role,
  RoleBody,
  SupportApproval,
  SupportRequest,
  Why,
} from './types'

/** The calls of one context. There is no other way to name a context to the server. */
export function inContext(context: string) {
  return {
    me: () => http.get<Me>('/api/me', { context }),
    people: () => http.get<{ people: Member[] }>('/api/people', { context }),
    post: (membership: number) => http.get<Post>(`/api/people/${membership}`, { context }),
    invite: (asked: NewMember) => http.post<{ membership: number }>('/api/people', asked, { context }),
    whatIf: (question: Question) => http.post<Outlook>('/api/people/what-if', question, { context }),
    changePost: (membership: number, version: number, change: PostChange) =>
      http.put(`/api/people/${membership}`, change, { context, version }),
    endPost: (membership: number) => http.delete(`/api/people/${membership}`, { context }),
    ties: () => http.get<{ relationships: OwnTie[] }>('/api/me/relationships', { context }),
    accesses: (patient: string, asked: { from: string; to?: string; cursor?: string }) =>
      http.get<Accesses>(`/api/patients/${patient}/accesses?${new URLSearchParams(asked)}`, { context }),
    why: (event: string) => http.get<Why>(`/api/audit/events/${event}/why`, { context }),
    roles: () => http.get<{ roles: Role[] }>('/api/roles', { context }),
    addRole: (role_key: string, role: RoleBody) => http.post('/api/roles', { role_key, role }, { context }),
    changeRole: (role_key: string, version: number, role: RoleBody) =>
      http.put(`/api/roles/${encodeURIComponent(role_key)}`, role, { context, version }),
    emergencies: async (): Promise<Emergency[]> => {
      const all = await http.get<Emergencies>('/api/emergency-access', { context })
      return all.emergencies.map(({ patient: _, ...rest }) => rest)
    },
    announcements: () =>
      http
        .get<{ announcements: Announcement[] }>('/api/announcements', { context })
        .then((it) => it.announcements),
    judgeEmergency: (emergency: string, judgement: Judgement) =>
      http.post(`/api/emergency-access/${encodeURIComponent(emergency)}/review`, judgement, { context }),
    endEmergency: (emergency: string) =>
      http.delete(`/api/emergency-access/${encodeURIComponent(emergency)}`, { context }),
    facilities: () => http.get<{ facilities: Facility[] }>('/api/facilities', { context }),
    openFacility: (asked: FacilityNew) => http.post('/api/facilities', asked, { context }),
    changeFacility: (code: string, version: number, body: FacilityBody) =>
      http.put(`/api/facilities/${encodeURIComponent(code)}`, body, { context, version }),
    modules: () => http.get<{ modules: Module[] }>('/api/modules', { context }),
    switchModule: (key: string, on: boolean) =>
      http.put(`/api/modules/${encodeURIComponent(key)}`, { on }, { context }),
    organization: () => http.get<OrganizationView>('/api/organization', { context }),
    changeOrganization: (version: number, body: OrganizationBody) =>
      http.put('/api/organization', body, { context, version }),
    branding: () => http.get<Branding>('/api/organization/logo', { context }),
    changeLogo: (version: number, logo: string | null) =>
      http.put('/api/organization/logo', { logo }, { context, version }),
    support: () => http.get<{ requests: SupportRequest[] }>('/api/support', { context }),
    approveSupport: (request: string, approval: SupportApproval) =>
      http.post(`/api/support/${encodeURIComponent(request)}/approve`, approval, { context }),
    refuseSupport: (request: string) =>
      http.post(`/api/support/${encodeURIComponent(request)}/refuse`, {}, { context }),
    endSupport: (request: string) =>
      http.post(`/api/support/${encodeURIComponent(request)}/end`, {}, { context }),
  }
}
