import { Menu } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries, personQueries, platformQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { PaletteKey } from '@/pages/palette/PaletteKey'
import { announcementMemory, usePutAway } from '@/session/announcementMemory'
import { useLeave } from '@/session/useLeave'
import { AnnouncementBar } from '@/ui/AnnouncementBar'
import { useAccent } from '@/ui/accent'
import { type BarPost, ContextBar } from '@/ui/ContextBar'
import { pngOf } from '@/ui/png'
import { useFavicon } from '@/ui/useFavicon'
import classes from './ContextLayout.module.css'
import { FacilitySwitch } from './FacilitySwitch'
import { PostNav } from './PostNav'
import { ProtectedNotice } from './ProtectedNotice'
import { SupportBanner } from './SupportBanner'
import { useContextId } from './useContextId'

/** The shell of one post: everything in it belongs to the context in the address. */
export function ContextLayout() {
  const { t } = useTranslation()
  const context = useContextId()
  const router = useRouter()
  const leave = useLeave()
  const { data: me } = useSuspenseQuery(contextQueries(context).me())
  const { data: all } = useSuspenseQuery(personQueries.contexts())

  const [looked, setLooked] = useState(false)
  const { data: above } = useQuery({ ...platformQueries.me(), enabled: looked, retry: false })
  const { data: announced } = useQuery(contextQueries(context).announcements())
  const away = usePutAway()

  const posts: BarPost[] = all.memberships.map((post) => ({
    key: `${post.organization.slug}/${post.membership}`,
    organization: post.organization.name,
    role: post.role,
    where: post.facilities.map((facility) => facility.name).join(', ') || t('context.facilitiesAll'),
    kind: post.kind,
    color: post.color,
    current: post.organization.slug === me.organization.slug && post.membership === me.membership,
    href: router.buildLocation({
      to: '/open/$organization/$membership',
      params: { organization: post.organization.slug, membership: String(post.membership) },
    }).href,
  }))
  const color = posts.find((post) => post.current)?.color ?? me.organization.slug
  useFavicon(color)
  useAccent(me.accent)
  const { data: branding } = useQuery({
    ...contextQueries(context).branding(me.logo),
    enabled: me.logo !== null,
  })
  useTitle(t('context.documentTitle', { organization: me.organization.name, role: me.role }))

  return (
    <>
      <a className={classes.skip} href="#content">
        {t('common.skip')}
      </a>
      {me.support && <SupportBanner context={context} support={me.support} />}
      <ContextBar
        organization={me.organization.name}
        logo={me.logo === null ? undefined : pngOf(branding?.logo)}
        role={me.role}
        kind={me.kind}
        color={color}
        person={me.person.name}
        home={`/c/${context}/`}
        posts={posts}
        onFollow={(href) => router.navigate({ href })}
        onAccount={() => setLooked(true)}
        tools={
          <>
            <FacilitySwitch />
            <PaletteKey />
          </>
        }
        account={
          <>
            <Menu.Item renderRoot={(props) => <Link to="/account" search={{ from: context }} {...props} />}>
              {t('context.accountSecurity')}
            </Menu.Item>
            <Menu.Item renderRoot={(props) => <Link to="/" search={{ all: true }} {...props} />}>
              {t('context.yourPosts')}
            </Menu.Item>
            {above && (
              <Menu.Item renderRoot={(props) => <Link to="/console" {...props} />}>
                {t('context.toPlatform')}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item onClick={() => leave.lock('asked')}>{t('context.lock')}</Menu.Item>
            <Menu.Item onClick={() => leave.closeContext(context)}>{t('context.closeContext')}</Menu.Item>
            <Menu.Item onClick={() => leave.signOut('device')}>{t('context.signOut')}</Menu.Item>
          </>
        }
      />
      <PostNav context={context} me={me} />
      <AnnouncementBar
        announcements={(announced ?? []).filter((it) => !away.includes(it.announcement))}
        onPutAway={announcementMemory.putAway}
      />
      <main className={classes.content} id="content" tabIndex={-1}>
        <ProtectedNotice context={context} />
        <Outlet />
      </main>
    </>
  )
}
