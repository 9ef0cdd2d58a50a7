import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Member } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { StateChip } from '@/pages/people/StateChip'
import { usePlace } from '@/pages/people/usePlace'
import { when } from '@/texts/when'
import { above, countBelow } from './chains'
import classes from './Oversight.module.css'
import { Scroll } from './Scroll'

/** The same in words: each post with those above it, the nearest first. */
export function ChainTable({
  members,
  found,
}: {
  members: readonly Member[]
  found(member: Member): boolean
}) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { places } = usePlace()
  const all = new Map(members.map((it) => [it.membership, it]))
  const below = countBelow(members)
  const shown = members.filter(found)
  return (
    <Scroll label={t('oversight.chainsTitle')}>
      <table className={classes.table} aria-label={t('oversight.chainsTitle')}>
        <thead>
          <tr>
            <th scope="col">{t('people.name')}</th>
            <th scope="col">{t('people.role')}</th>
            <th scope="col">{t('oversight.chainsAbove')}</th>
            <th scope="col" data-number>
              {t('oversight.chainsBelow')}
            </th>
            <th scope="col">{t('people.facilities')}</th>
            <th scope="col">{t('oversight.chainsState')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((it) => (
            <tr key={it.membership}>
              <th scope="row">
                <Link
                  to="/c/$context/people/$membership"
                  params={{ context, membership: String(it.membership) }}
                >
                  {it.name}
                </Link>
              </th>
              <td>{it.role}</td>
              <td>
                {above(it, all)
                  .map((one) => one.name)
                  .join(' ← ') || t('oversight.chainsNobody')}
              </td>
              <td data-number>{below.get(it.membership) ?? 0}</td>
              <td>{places(it.effective.facilities)}</td>
              <td>
                <StateChip state={it.state} />{' '}
                {it.effective.ends_at && t('people.ends', { when: when(it.effective.ends_at) })}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p>{t('people.noneFound')}</p>}
    </Scroll>
  )
}
