import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Neighbour, Post } from '@/api/types'
import { useContextId } from '@/pages/context/useContextId'
import { Section } from '@/ui/Section'
import classes from './PostPage.module.css'

function ToPost({ post }: { post: Neighbour }) {
  const context = useContextId()
  const params = { context, membership: String(post.membership) }
  return (
    <>
      <Anchor
        underline="hover"
        renderRoot={(props) => <Link to="/c/$context/people/$membership" params={params} {...props} />}
      >
        {post.name}
      </Anchor>
      <span className={classes.role}>{post.role}</span>
    </>
  )
}

/** The chain, from its top down to the post. */
export function Above({ post }: { post: Post }) {
  const { t } = useTranslation()
  return (
    <Section
      title={t('people.chainTitle')}
      lead={post.chain.length > 0 ? t('people.chainLead') : t('people.chainNone')}
    >
      {post.chain.length > 0 && (
        <ol className={classes.chain}>
          {post.chain.toReversed().map((above) => (
            <li key={above.membership} className={classes.link}>
              <ToPost post={above} />
            </li>
          ))}
          <li className={classes.link} aria-current="true">
            <strong>{post.name}</strong>
            <span className={classes.role}>{t('people.chainHere')}</span>
          </li>
        </ol>
      )}
    </Section>
  )
}

export function Below({ post }: { post: Post }) {
  const { t } = useTranslation()
  const deeper = post.below > post.children.length
  return (
    <Section
      title={t('people.belowTitle')}
      lead={
        post.below === 0
          ? t('people.belowNone')
          : deeper
            ? t('people.belowAll', { count: post.below })
            : undefined
      }
    >
      {post.children.length > 0 && (
        <ul className={classes.plainList}>
          {post.children.map((below) => (
            <li key={below.membership}>
              <ToPost post={below} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
