import { http } from './http'
import type {
  Emergencies,
  Emergency,
  Judgement,
  Me,
  Member,
  NewMember,
  Outlook,
  Post,
  PostChange,
  Question,
  Role,
  RoleBody,
  SupportApproval,
  SupportRequest,
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
    roles: () => http.get<{ roles: Role[] }>('/api/roles', { context }),
    addRole: (role_key: string, role: RoleBody) => http.post('/api/roles', { role_key, role }, { context }),
    changeRole: (role_key: string, version: number, role: RoleBody) =>
      http.put(`/api/roles/${encodeURIComponent(role_key)}`, role, { context, version }),
    emergencies: async (): Promise<Emergency[]> => {
      const all = await http.get<Emergencies>('/api/emergency-access', { context })
      return all.emergencies.map(({ patient: _, ...rest }) => rest)
    },
    judgeEmergency: (emergency: string, judgement: Judgement) =>
      http.post(`/api/emergency-access/${encodeURIComponent(emergency)}/review`, judgement, { context }),
    endEmergency: (emergency: string) =>
      http.delete(`/api/emergency-access/${encodeURIComponent(emergency)}`, { context }),
    support: () => http.get<{ requests: SupportRequest[] }>('/api/support', { context }),
    approveSupport: (request: string, approval: SupportApproval) =>
      http.post(`/api/support/${encodeURIComponent(request)}/approve`, approval, { context }),
    refuseSupport: (request: string) =>
      http.post(`/api/support/${encodeURIComponent(request)}/refuse`, {}, { context }),
    endSupport: (request: string) =>
      http.post(`/api/support/${encodeURIComponent(request)}/end`, {}, { context }),
  }
}
