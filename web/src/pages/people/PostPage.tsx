import { Button, Group, Stack, Text } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Post } from '@/api/types'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { BackToPeople } from './BackToPeople'
import { ChangePost } from './ChangePost'
import { EndPost } from './EndPost'
import { Grants } from './Grants'
import { Above, Below } from './Neighbours'
import classes from './PostPage.module.css'
import { StateChip } from './StateChip'

const route = getRouteApi('/signed-in/c/$context/people/people/$membership')

export function PostPage() {
  const { context } = useMe()
  const { membership } = route.useParams()
  const { data: post } = useSuspenseQuery(contextQueries(context).post(Number(membership)))
  // What was typed belongs to one post.
  return <OnePost key={post.membership} post={post} />
}

/** Whether the post is this person's to change: from above, or as who administers the organization. */
function useReach(post: Post) {
  const { me, may } = useMe()
  const own = post.membership === me.membership
  const above = post.chain.some((it) => it.membership === me.membership)
  const reached = !own && post.state !== 'ended' && (above || may('organization.manage'))
  return { own, reached, change: reached && may('people.invite'), end: reached && may('people.end') }
}

function OnePost({ post }: { post: Post }) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const cache = useQueryClient()
  const { said } = route.useSearch()
  const reach = useReach(post)
  const [open, setOpen] = useState<'change' | 'end' | null>(null)
  const [done, setDone] = useState<'said_invited' | 'changed' | 'wasEnded' | null>(
    said ? `said_${said}` : null,
  )
  useTitle(t('people.title'))

  const renew = () => cache.invalidateQueries({ queryKey: contextQueries(context).people().queryKey })
  const finish = async (how: 'changed' | 'wasEnded') => {
    await renew()
    setOpen(null)
    setDone(how)
  }
  return (
    <Stack gap="lg">
      <PageHead
        back={<BackToPeople />}
        title={post.name}
        lead={
          <Group gap="xs">
            <span>{post.role}</span>
            <StateChip state={post.state} />
            {post.kind === 'portal' && <Chip>{t('people.portal')}</Chip>}
          </Group>
        }
        actions={
          open !== 'change' && (
            <>
              {reach.change && (
                <Button
                  variant="light"
                  onClick={() => {
                    setDone(null)
                    setOpen('change')
                  }}
                >
                  {t('people.change')}
                </Button>
              )}
              {reach.end && (
                <Button variant="default" onClick={() => setOpen('end')}>
                  {t('people.end')}
                </Button>
              )}
            </>
          )
        }
      />
      {done && <Notice kind="good">{t(`people.${done}`, { name: post.name })}</Notice>}
      {may('people.invite') && !reach.reached && post.state !== 'ended' && (
        <Text c="dimmed">{t(reach.own ? 'people.ownPost' : 'people.notBelow')}</Text>
      )}
      {open === 'change' && (
        <ChangePost post={post} onSaved={() => finish('changed')} onCancel={() => setOpen(null)} />
      )}
      {open === 'end' && (
        <EndPost post={post} onEnded={() => finish('wasEnded')} onCancel={() => setOpen(null)} />
      )}
      <div className={classes.columns}>
        <Grants post={post} />
        <Stack gap="lg">
          <Above post={post} />
          <Below post={post} />
        </Stack>
      </div>
    </Stack>
  )
}
