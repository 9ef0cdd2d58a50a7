import type { Membership } from '@/api/types'

/** The posts of each organization together, in the order the server gives them. */
export function byOrganization(all: Membership[]) {
  const groups = new Map<string, { organization: Membership['organization']; memberships: Membership[] }>()
  for (const post of all) {
    const group = groups.get(post.organization.slug) ?? { organization: post.organization, memberships: [] }
    group.memberships.push(post)
    groups.set(post.organization.slug, group)
  }
  return [...groups.values()]
}
