import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Member } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import classes from './PersonLine.module.css'
import { StateChip } from './StateChip'
import { usePlace } from './usePlace'

/** A post in a list or a tree; in the tree the keyboard is the tree's. */
export function PersonLine({ member, inTree = false }: { member: Member; inTree?: boolean }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const { places } = usePlace()
  const ends = member.effective.ends_at
  return (
    <div className={classes.line}>
      <div className={classes.who}>
        <Link
          className={classes.name}
          to="/c/$context/people/$membership"
          params={{ context, membership: String(member.membership) }}
          tabIndex={inTree ? -1 : undefined}
        >
          {member.name}
        </Link>
        {member.role !== member.name && <div className={classes.role}>{member.role}</div>}
      </div>
      <div className={classes.where}>{places(member.effective.facilities)}</div>
      <div className={classes.chips}>
        {member.membership === me.membership && <Chip>{t('people.you')}</Chip>}
        {member.kind === 'portal' && <Chip>{t('people.portal')}</Chip>}
        {ends && member.state !== 'ended' && <Chip>{t('people.ends', { when: when(ends) })}</Chip>}
        <StateChip state={member.state} />
      </div>
    </div>
  )
}
