import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { personQueries, platformQueries } from '@/api/queries'
import type { Membership } from '@/api/types'
import { useTitle } from '@/app/useTitle'
import { useLeave } from '@/session/useLeave'
import cards from '@/ui/ChoiceCard.module.css'
import { contextColor } from '@/ui/contextColor'
import { Doorway } from '@/ui/Doorway'
import { ArrowIcon } from '@/ui/icons'
import { byOrganization } from './byOrganization'
import classes from './PostsPage.module.css'

export function PostsPage() {
  const { t } = useTranslation()
  const { data } = useSuspenseQuery(personQueries.contexts())
  const { data: session } = useSuspenseQuery(personQueries.session())
  const { data: above } = useQuery({ ...platformQueries.me(), retry: false })
  const { signOut } = useLeave()
  const none = data.memberships.length === 0
  const title = none ? t('posts.none') : t('posts.title')
  useTitle(title)
  return (
    <Doorway
      title={title}
      lead={none ? t('posts.noneText') : undefined}
      wide
      foot={
        <Stack gap="xs" align="center">
          <span>
            {session.person.name}, {session.person.email}
          </span>
          <Group gap="lg">
            {above && (
              <Anchor renderRoot={(props) => <Link to="/console" {...props} />}>
                {t('context.toPlatform')}
              </Anchor>
            )}
            <Anchor renderRoot={(props) => <Link to="/account" {...props} />}>
              {t('context.accountSecurity')}
            </Anchor>
            <Anchor component="button" type="button" onClick={() => signOut('device')}>
              {t('context.signOut')}
            </Anchor>
          </Group>
        </Stack>
      }
    >
      {none && <Button onClick={() => signOut('device')}>{t('posts.signOut')}</Button>}
      {byOrganization(data.memberships).map(({ organization, memberships }) => (
        <section key={organization.slug} aria-labelledby={`organization-${organization.slug}`}>
          <Title order={2} size="h3" mb="xs" id={`organization-${organization.slug}`}>
            {organization.name}
          </Title>
          <ul className={classes.posts}>
            {memberships.map((post) => (
              <li key={post.membership}>
                <Post post={post} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Doorway>
  )
}

function Post({ post }: { post: Membership }) {
  const { t } = useTranslation()
  const where = post.facilities.map((facility) => facility.name).join(', ') || t('context.facilitiesAll')
  return (
    <Link
      to="/open/$organization/$membership"
      params={{ organization: post.organization.slug, membership: String(post.membership) }}
      className={cards.card}
    >
      <span
        className={classes.stripe}
        data-kind={post.kind}
        style={{ '--context': contextColor(post.color) } as React.CSSProperties}
      />
      <span className={cards.words}>
        <span className={cards.title}>
          {post.role}
          {post.kind === 'portal' && <span className={cards.badge}>{t('context.portal')}</span>}
        </span>
        <Text component="span" className={cards.text}>
          {where}
        </Text>
      </span>
      <ArrowIcon />
    </Link>
  )
}
