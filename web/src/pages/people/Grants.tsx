import { useTranslation } from 'react-i18next'
import type { Post } from '@/api/types'
import { when } from '@/texts/when'
import { byArea, permissionWords } from '@/texts/words'
import { CheckIcon, LockIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import classes from './Grants.module.css'
import { usePlace } from './usePlace'

type Mark = 'held' | 'above' | 'denied'

function markOf({ own, effective }: Post, key: string): Mark {
  if (effective.permissions.includes(key)) return 'held'
  return own.denied.includes(key) ? 'denied' : 'above'
}

/** What a post says beside what is left of it. Whatever differs is marked, and why. */
export function Grants({ post }: { post: Post }) {
  const { t } = useTranslation()
  const { own } = post
  const less = own.permissions.filter((key) => markOf(post, key) !== 'held').length
  return (
    <Section title={t('people.mayHeading')} lead={t('people.mayLead')}>
      {post.state === 'ended' ? (
        <Notice kind="warn">{t('people.overNote')}</Notice>
      ) : (
        <strong>
          {own.permissions.length === 0
            ? t('people.mayNone')
            : less === 0
              ? t('people.mayAll')
              : t('people.maySome', { count: less })}
        </strong>
      )}
      {byArea(own.permissions).map(({ area, keys }) => (
        <div key={area}>
          <h3 className={classes.area}>{area}</h3>
          <ul className={classes.list}>
            {keys.map((key) => (
              <Marked key={key} mark={markOf(post, key)} text={permissionWords(key)} />
            ))}
          </ul>
        </div>
      ))}
      <Places post={post} />
      <Bounds post={post} />
    </Section>
  )
}

function Marked({ mark, text, plain }: { mark: Mark; text: string; plain?: boolean }) {
  const { t } = useTranslation()
  const Icon = mark === 'held' ? CheckIcon : LockIcon
  return (
    <li className={classes.item} data-mark={mark}>
      <Icon size={18} />
      <div>
        <span>{text}</span>
        {mark !== 'held' && (
          <span className={classes.why}>
            <strong>{t(`people.mark_${mark}`)}</strong>
            {!plain && `: ${t(`people.mark_${mark}Why`)}`}
          </span>
        )}
      </div>
    </li>
  )
}

function Places({ post }: { post: Post }) {
  const { t } = useTranslation()
  const { place } = usePlace()
  return (
    <div>
      <h3 className={classes.area}>{t('people.whereHeading')}</h3>
      {post.own.facilities.length === 0 ? (
        <div>{t('people.nowhere')}</div>
      ) : (
        <ul className={classes.list}>
          {post.own.facilities.map((code) => (
            <Marked
              key={code}
              mark={post.effective.facilities.includes(code) ? 'held' : 'above'}
              text={place(code)}
              plain
            />
          ))}
        </ul>
      )}
    </div>
  )
}

function Bounds({ post: { own, effective } }: { post: Post }) {
  const { t } = useTranslation()
  const whom = own.by_relationship ? 'whomOwn' : effective.by_relationship ? 'whomAbove' : 'whomAll'
  const until = !effective.ends_at ? 'whenNever' : effective.ends_at === own.ends_at ? 'whenOwn' : 'whenAbove'
  return (
    <>
      <div>
        <h3 className={classes.area}>{t('people.whomHeading')}</h3>
        <div data-mark={whom === 'whomAbove' ? 'above' : undefined} className={classes.bound}>
          {t(`people.${whom}`)}
        </div>
      </div>
      <div>
        <h3 className={classes.area}>{t('people.whenHeading')}</h3>
        <div data-mark={until === 'whenAbove' ? 'above' : undefined} className={classes.bound}>
          {t(`people.${until}`, { when: effective.ends_at ? when(effective.ends_at) : '' })}
        </div>
      </div>
    </>
  )
}
