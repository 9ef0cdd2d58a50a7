import type { Member } from '@/api/types'
import { type TreeRow, treeOf } from '@/pages/people/tree'

/** Where a post stands in the picture, and where the line to it begins. */
export interface Node {
  row: TreeRow
  /** Which line of the picture, from 0. */
  at: number
  /** The line of the post that made it; null where nobody did. */
  from: number | null
}

/** The posts as lines of a picture, from above; what is shut is left out. */
export function picture(members: readonly Member[], shut: ReadonlySet<number>): Node[] {
  const rows = treeOf(
    members,
    () => true,
    (member) => !shut.has(member.membership),
  )
  const lines = new Map(rows.map((row, at) => [row.member.membership, at]))
  return rows.map((row, at) => ({
    row,
    at,
    from: row.member.parent === null ? null : (lines.get(row.member.parent) ?? null),
  }))
}

/** The posts above a post, the nearest first. */
export function above(member: Member, all: ReadonlyMap<number, Member>): Member[] {
  const chain: Member[] = []
  let next = member.parent === null ? undefined : all.get(member.parent)
  while (next && !chain.includes(next)) {
    chain.push(next)
    next = next.parent === null ? undefined : all.get(next.parent)
  }
  return chain
}

/** How many stand below each post, at whatever depth. */
export function countBelow(members: readonly Member[]): Map<number, number> {
  const all = new Map(members.map((it) => [it.membership, it]))
  const counts = new Map(members.map((it) => [it.membership, 0]))
  for (const member of members)
    for (const one of above(member, all)) counts.set(one.membership, (counts.get(one.membership) ?? 0) + 1)
  return counts
}
