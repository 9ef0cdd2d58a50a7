import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Member } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { ChevronIcon } from '@/ui/icons'
import classes from './Chains.module.css'
import { picture } from './chains'

/** A line of the picture, and how far a level stands in, in pixels. */
const LINE = 52
const LEVEL = 28
/** Deeper levels stand below each other: a phone is narrow. */
const DEEPEST = 8

const x = (level: number) => Math.min(level - 1, DEEPEST) * LEVEL + 12

interface Props {
  members: readonly Member[]
  /** Who is looked for: they stand out, and nobody is left out. */
  found?(member: Member): boolean
}

/** Who made whose post, drawn: each line leads from a post to those that it made. */
export function ChainPicture({ members, found }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const [shut, setShut] = useState<ReadonlySet<number>>(new Set())
  const nodes = picture(members, found ? new Set() : shut)
  const height = nodes.length * LINE
  const middle = (at: number) => at * LINE + LINE / 2
  const turn = (membership: number) => {
    const next = new Set(shut)
    if (!next.delete(membership)) next.add(membership)
    setShut(next)
  }
  return (
    <div className={classes.picture}>
      <svg className={classes.lines} width="100%" height={height} aria-hidden>
        {nodes.map(({ row, at, from }) =>
          from === null ? null : (
            <path
              key={row.member.membership}
              d={`M ${x(row.level - 1)} ${middle(from) + 16} V ${middle(at) - 8} Q ${x(row.level - 1)} ${middle(at)} ${
                x(row.level - 1) + 8
              } ${middle(at)} H ${x(row.level) + 8}`}
            />
          ),
        )}
      </svg>
      <ul className={classes.nodes} aria-label={t('oversight.chainsTitle')}>
        {nodes.map(({ row }) => {
          const { member } = row
          return (
            <li key={member.membership} className={classes.node} style={{ paddingLeft: x(row.level) }}>
              {row.below > 0 && !found ? (
                <button
                  type="button"
                  className={classes.turn}
                  aria-expanded={row.open}
                  aria-label={t(row.open ? 'people.shut' : 'people.open', { name: member.name })}
                  onClick={() => turn(member.membership)}
                >
                  <ChevronIcon size={18} />
                </button>
              ) : (
                <span className={classes.dot} aria-hidden />
              )}
              <Link
                className={classes.post}
                data-found={found?.(member) || undefined}
                to="/c/$context/people/$membership"
                params={{ context, membership: String(member.membership) }}
              >
                <span className={classes.name}>{member.name}</span>
                {member.role !== member.name && <span className={classes.role}>{member.role}</span>}
                {row.below > 0 && (
                  <span className={classes.role}>{t('people.below', { count: row.below })}</span>
                )}
              </Link>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
