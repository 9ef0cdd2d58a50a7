import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ReviewPost } from '@/api/oversight'
import { when } from '@/texts/when'
import { permissionWords } from '@/texts/words'
import { Chip } from '@/ui/Chip'
import { Row } from '@/ui/Section'
import classes from './Oversight.module.css'

interface Props {
  post: ReviewPost
  open: boolean
  busy: boolean
  onKeep(): void
  onEnd(): void
}

/** A post under review: what is known of it, and what was decided. */
export function ReviewLine({ post, open, busy, onKeep, onEnd }: Props) {
  const { t } = useTranslation()
  const facts = [
    post.made_by && t('oversight.madeBy', { name: post.made_by }),
    post.last_seen_at ? t('oversight.lastSeen', { when: when(post.last_seen_at) }) : t('oversight.neverSeen'),
    post.below > 0 && t('oversight.belowIt', { count: post.below }),
  ].filter(Boolean)
  const undecided = open && !post.verdict
  return (
    <Row
      title={
        <>
          {post.name}
          {post.role && post.role !== post.name && `, ${post.role}`}{' '}
          {post.kind === 'service' && <Chip>{t('oversight.program')}</Chip>} <Verdict post={post} />
        </>
      }
      text={
        <>
          {facts.join(' · ')}
          <details className={classes.details}>
            <summary>{t('oversight.may', { count: post.permissions.length })}</summary>
            <ul>
              {post.permissions.map((it) => (
                <li key={it}>{permissionWords(it)}</li>
              ))}
            </ul>
          </details>
        </>
      }
      action={
        undecided && !post.own ? (
          <div className={classes.row}>
            <Button
              size="sm"
              loading={busy}
              aria-label={t('oversight.keepOf', { name: post.name })}
              onClick={onKeep}
            >
              {t('oversight.keep')}
            </Button>
            <Button
              size="sm"
              variant="default"
              aria-label={t('oversight.endOf', { name: post.name })}
              onClick={onEnd}
            >
              {t('oversight.endIt')}
            </Button>
          </div>
        ) : undefined
      }
    />
  )
}

function Verdict({ post }: { post: ReviewPost }) {
  const { t } = useTranslation()
  const name = post.decided_by ?? ''
  if (post.verdict === 'ended') return <Chip kind="bad">{t('oversight.endedBy', { name })}</Chip>
  return (
    <>
      {post.verdict === 'kept' && <Chip kind="good">{t('oversight.kept', { name })}</Chip>}
      {!post.alive && <Chip>{t('oversight.gone')}</Chip>}
      {!post.verdict && post.own && <Chip kind="warn">{t('oversight.ownPost')}</Chip>}
    </>
  )
}
