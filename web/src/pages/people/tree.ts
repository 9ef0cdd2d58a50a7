import type { Member } from '@/api/types'
import { finds } from '@/texts/plain'

export interface TreeRow {
  member: Member
  /** From 1. */
  level: number
  /** How many stand right below it here. */
  below: number
  open: boolean
}

/** Whether every word typed is somewhere in what is shown of the post. */
export function matcher(typed: string, place: (code: string) => string): (member: Member) => boolean {
  const fits = finds(typed)
  return (member) => fits([member.name, member.role, ...member.effective.facilities.map(place)].join(' '))
}

/** The posts as a tree, flat, from above: those asked for and, so that they have a place, those above them. */
export function treeOf(
  members: readonly Member[],
  wanted: (member: Member) => boolean,
  isOpen: (member: Member, level: number) => boolean,
): TreeRow[] {
  const all = new Map(members.map((member) => [member.membership, member]))
  const shown = new Set<number>()
  for (const member of members.filter(wanted)) {
    let at: Member | undefined = member
    while (at && !shown.has(at.membership)) {
      shown.add(at.membership)
      at = at.parent === null ? undefined : all.get(at.parent)
    }
  }
  const below = new Map<number | null, Member[]>()
  for (const member of members.filter((it) => shown.has(it.membership))) {
    const parent = member.parent !== null && shown.has(member.parent) ? member.parent : null
    below.set(parent, [...(below.get(parent) ?? []), member])
  }
  const rows: TreeRow[] = []
  // A chain may be longer than what a function may call itself.
  const open: { member: Member; level: number }[] = (below.get(null) ?? [])
    .map((member) => ({ member, level: 1 }))
    .reverse()
  for (let next = open.pop(); next; next = open.pop()) {
    const { member, level } = next
    const children = below.get(member.membership) ?? []
    const row = { member, level, below: children.length, open: isOpen(member, level) }
    rows.push(row)
    if (row.open) open.push(...children.map((it) => ({ member: it, level: level + 1 })).reverse())
  }
  return rows
}
