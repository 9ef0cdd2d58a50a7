import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Difference, Outlook, Question } from '@/api/types'
import { when } from '@/texts/when'
import { permissionWords } from '@/texts/words'
import { type Effect, effects, ending } from './effects'
import classes from './OutlookWords.module.css'
import { usePlace } from './usePlace'
import './texts'

/** As many are named; the others are counted. */
const NAMED = 4

/** What would happen to whom, in words: first the post itself, then those below it. */
export function OutlookWords({ outlook, question }: { outlook: Outlook; question: Question }) {
  const { t } = useTranslation()
  const itself = outlook.posts.filter((it) => it.membership === question.membership)
  const below = outlook.posts.filter((it) => it.membership !== question.membership)
  const own = effects(itself)
  const theirs = effects(below)
  const ends = ending(below)
  const endsAt = question.change?.ends_at
  const title = question.change?.role
  const name = itself[0]?.name ?? ''
  const quiet = own.length === 0 && theirs.length === 0 && ends.length === 0
  return (
    <div className={classes.words}>
      {title && <p>{t('outlook.title_now', { name, title })}</p>}
      {endsAt && (
        <p>{t(below.length > 0 ? 'outlook.endsAtAll' : 'outlook.endsAt', { name, when: when(endsAt) })}</p>
      )}
      {endsAt === null && <p>{t('outlook.endsNever', { name })}</p>}
      {own.length > 0 && <Said title={name} effects={own} naming={false} />}
      {ends.length > 0 && (
        <div>
          <strong>{t('outlook.ends', { count: ends.length })}</strong> <Names posts={ends} />
        </div>
      )}
      {theirs.length > 0 && <Said title={t('outlook.belowTitle')} effects={theirs} naming />}
      {quiet && !question.end && <p>{t('outlook.nothing')}</p>}
      {theirs.length === 0 && ends.length === 0 && !(quiet && !question.end) && (
        <p>{t('outlook.nobodyBelow')}</p>
      )}
      {outlook.total > outlook.posts.length && (
        <Text c="dimmed" size="sm">
          {t('outlook.partly', { total: outlook.total, looked: outlook.posts.length })}
        </Text>
      )}
    </div>
  )
}

function Said({ title, effects, naming }: { title: string; effects: Effect[]; naming: boolean }) {
  const { t } = useTranslation()
  const { place } = usePlace()
  const thing = ({ what, key }: Effect) =>
    what.startsWith('permissions')
      ? t('outlook.permission', { words: permissionWords(key) })
      : what.startsWith('facilities')
        ? t('outlook.place', { place: place(key) })
        : t('outlook.strangers')
  const verb = ({ what }: Effect) => (what.endsWith('gained') || what === 'unbound' ? 'gain' : 'lose')
  return (
    <div>
      <strong>{title}</strong>
      <ul className={classes.list}>
        {effects.map((effect) => (
          <li key={`${effect.what} ${effect.key}`} data-verb={verb(effect)}>
            {naming
              ? t(`outlook.${verb(effect)}`, { count: effect.posts.length, thing: thing(effect) })
              : t(`outlook.${verb(effect)}s`, { thing: thing(effect) })}
            {naming && (
              <div className={classes.names}>
                <Names posts={effect.posts} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Names({ posts }: { posts: Difference[] }) {
  const { t } = useTranslation()
  const names = posts
    .slice(0, NAMED)
    .map((it) => it.name)
    .join(', ')
  const more = posts.length - NAMED
  return <span>{more > 0 ? t('outlook.namesMore', { names, count: more }) : names}</span>
}
