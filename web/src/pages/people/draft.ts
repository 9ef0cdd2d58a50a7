import type { Post, PostChange } from '@/api/types'

/** What a form for a change of a post holds. */
export interface Draft {
  role: string
  /** Of those within the changer's reach. */
  facilities: ReadonlySet<string>
  /** A day, or ''. */
  ends: string
  /** What the post says and is not denied. */
  kept: ReadonlySet<string>
}

const two = (number: number) => String(number).padStart(2, '0')

/** The day of a moment, where the person is. */
export function dayOf(moment: string | null): string {
  if (!moment) return ''
  const at = new Date(moment)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** The end of a day, where the person is. */
export const endOfDay = (day: string): string | null =>
  day ? new Date(`${day}T23:59:59`).toISOString() : null

export function draftOf(post: Post, reach: readonly string[]): Draft {
  return {
    role: post.role,
    facilities: new Set(post.own.facilities.filter((code) => reach.includes(code))),
    ends: dayOf(post.own.ends_at),
    kept: new Set(post.own.permissions.filter((key) => !post.own.denied.includes(key))),
  }
}

const same = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((it) => b.has(it))

/** What is otherwise in the draft than in the post; nothing when nothing is. */
export function changeOf(post: Post, draft: Draft, reach: readonly string[]): PostChange | null {
  const before = draftOf(post, reach)
  const change: PostChange = {}
  if (draft.role.trim() !== before.role) change.role = draft.role.trim()
  if (!same(draft.facilities, before.facilities)) change.facilities = [...draft.facilities]
  if (draft.ends !== before.ends) change.ends_at = endOfDay(draft.ends)
  if (!same(draft.kept, before.kept)) {
    const { permissions, denied } = post.own
    change.denied = [
      ...denied.filter((key) => !permissions.includes(key)),
      ...permissions.filter((key) => !draft.kept.has(key)),
    ]
  }
  return Object.keys(change).length > 0 ? change : null
}

/** The set with what the draft added to and took from the old one. */
export function carried(
  draft: ReadonlySet<string>,
  old: ReadonlySet<string>,
  fresh: ReadonlySet<string>,
): Set<string> {
  const taken = [...old].filter((it) => !draft.has(it))
  const added = [...draft].filter((it) => !old.has(it))
  return new Set([...fresh, ...added].filter((it) => !taken.includes(it)))
}

/** The same wishes on the post as somebody else has left it. */
export function rebased(draft: Draft, old: Draft, fresh: Draft): Draft {
  return {
    role: draft.role.trim() === old.role ? fresh.role : draft.role,
    facilities: carried(draft.facilities, old.facilities, fresh.facilities),
    ends: draft.ends === old.ends ? fresh.ends : draft.ends,
    kept: carried(draft.kept, old.kept, fresh.kept),
  }
}
