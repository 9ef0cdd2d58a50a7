import { useRouter } from '@tanstack/react-router'
import { type CSSProperties, type KeyboardEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Member } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { ChevronIcon } from '@/ui/icons'
import classes from './PeopleTree.module.css'
import { PersonLine } from './PersonLine'
import { type TreeRow, treeOf } from './tree'

/** As deep is open at first. */
const OPEN_LEVELS = 2

interface Props {
  members: readonly Member[]
  wanted(member: Member): boolean
  searching: boolean
}

/** Who made whose post. Keys as in the ARIA tree pattern: arrows move, open and shut, Enter goes to the post. */
export function PeopleTree({ members, wanted, searching }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const router = useRouter()
  const [turned, setTurned] = useState<ReadonlySet<number>>(new Set())
  const [at, setAt] = useState<number | null>(null)
  const lines = useRef(new Map<number, HTMLElement>())

  const rows = treeOf(members, wanted, (member, level) =>
    searching ? true : level <= OPEN_LEVELS !== turned.has(member.membership),
  )
  const current = rows.some((row) => row.member.membership === at) ? at : rows[0]?.member.membership

  function turn(row: TreeRow) {
    const next = new Set(turned)
    if (!next.delete(row.member.membership)) next.add(row.member.membership)
    setTurned(next)
  }
  function go(row: TreeRow | undefined) {
    if (!row) return
    setAt(row.member.membership)
    lines.current.get(row.member.membership)?.focus()
  }
  function act(key: string, row: TreeRow, i: number): boolean {
    const turns = row.below > 0 && !searching
    switch (key) {
      case 'ArrowDown':
        go(rows[i + 1])
        return true
      case 'ArrowUp':
        go(rows[i - 1])
        return true
      case 'Home':
        go(rows[0])
        return true
      case 'End':
        go(rows.at(-1))
        return true
      case 'ArrowRight':
        if (turns && !row.open) turn(row)
        else if (row.below > 0) go(rows[i + 1])
        return true
      case 'ArrowLeft':
        if (turns && row.open) turn(row)
        else go(rows.slice(0, i).findLast((it) => it.level < row.level))
        return true
      case 'Enter':
        router.navigate({
          to: '/c/$context/people/$membership',
          params: { context, membership: String(row.member.membership) },
        })
        return true
    }
    return false
  }
  function pressed(event: KeyboardEvent, row: TreeRow, i: number) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (act(event.key, row, i)) event.preventDefault()
  }

  return (
    <div className={classes.tree} role="tree" aria-label={t('people.title')}>
      {rows.map((row, i) => (
        <div
          key={row.member.membership}
          ref={(line) => {
            if (line) lines.current.set(row.member.membership, line)
            else lines.current.delete(row.member.membership)
          }}
          className={classes.row}
          style={{ '--level': Math.min(row.level - 1, 8) } as CSSProperties}
          role="treeitem"
          aria-level={row.level}
          aria-expanded={row.below > 0 ? row.open : undefined}
          aria-selected={false}
          tabIndex={row.member.membership === current ? 0 : -1}
          onKeyDown={(event) => pressed(event, row, i)}
          onFocus={() => setAt(row.member.membership)}
        >
          {row.below > 0 && !searching ? (
            <button
              type="button"
              className={classes.turn}
              tabIndex={-1}
              aria-label={t(row.open ? 'people.shut' : 'people.open', { name: row.member.name })}
              onClick={() => turn(row)}
            >
              <ChevronIcon size={20} />
            </button>
          ) : (
            <span className={classes.turn} />
          )}
          <PersonLine member={row.member} inTree />
        </div>
      ))}
    </div>
  )
}
