import type { Role, RoleBody, Tie } from '@/api/types'
import { carried } from '@/pages/people/draft'

/** What a form for a role holds. */
export interface RoleDraft {
  title: string
  kind: Role['kind']
  tie: Tie | null
  permissions: ReadonlySet<string>
}

export const draftOfRole = (role: Role): RoleDraft => ({
  title: role.title,
  kind: role.kind,
  tie: role.tie,
  permissions: new Set(role.permissions),
})

/** What is sent. What the role does not see, no form changes: it stays. */
export const bodyOf = (draft: RoleDraft, hidden: readonly string[]): RoleBody => ({
  title: draft.title.trim(),
  kind: draft.kind,
  ...(draft.tie && { tie: draft.tie }),
  permissions: [...draft.permissions],
  hidden: [...hidden],
})

/** The same wishes on the role as somebody else has left it. */
export function rebasedRole(draft: RoleDraft, old: Role, fresh: Role): RoleDraft {
  return {
    title: draft.title.trim() === old.title ? fresh.title : draft.title,
    kind: fresh.kind,
    tie: draft.tie === old.tie ? fresh.tie : draft.tie,
    permissions: carried(draft.permissions, new Set(old.permissions), new Set(fresh.permissions)),
  }
}
