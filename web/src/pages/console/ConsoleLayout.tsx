import { Menu, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useTitle } from '@/app/useTitle'
import page from '@/pages/context/ContextLayout.module.css'
import nav from '@/pages/context/PostNav.module.css'
import { useLeave } from '@/session/useLeave'
import { ChevronIcon, PersonIcon } from '@/ui/icons'
import { LampMark } from '@/ui/LampMark'
import './texts'
import classes from './ConsoleLayout.module.css'
import { useAbove } from './useAbove'

const PAGES = [
  ['/console', 'organizations'],
  ['/console/plans', 'plans'],
  ['/console/announcements', 'announcements'],
  ['/console/figures', 'figures'],
  ['/console/sessions', 'sessions'],
  ['/console/health', 'health'],
  ['/console/support', 'support'],
  ['/console/administrators', 'administrators'],
] as const

/** The shell of the plane above organizations. Nothing in it is of a post. */
export function ConsoleLayout() {
  const { t } = useTranslation()
  const { me } = useAbove()
  const leave = useLeave()
  useTitle(t('platform.name'))
  return (
    <>
      <a className={page.skip} href="#content">
        {t('common.skip')}
      </a>
      <header className={classes.bar}>
        <Link className={classes.brand} to="/console" aria-label={t('platform.name')}>
          <LampMark size={28} />
          <span className={classes.name}>{t('common.product')}</span>
        </Link>
        <span className={classes.place}>{t('platform.name')}</span>
        <span className={classes.gap} />
        <Menu withinPortal={false} withInitialFocusPlaceholder={false} position="bottom-end" shadow="md">
          <Menu.Target>
            <UnstyledButton className={classes.control}>
              <PersonIcon size={22} />
              <VisuallyHidden>{t('platform.account', { name: '' })}</VisuallyHidden>{' '}
              <span className={classes.person}>{me.name}</span>
              <ChevronIcon size={18} />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{me.name}</Menu.Label>
            <Menu.Item renderRoot={(props) => <Link to="/account" {...props} />}>
              {t('context.accountSecurity')}
            </Menu.Item>
            <Menu.Item renderRoot={(props) => <Link to="/" search={{ all: true }} {...props} />}>
              {t('context.yourPosts')}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item onClick={() => leave.lock('asked')}>{t('context.lock')}</Menu.Item>
            <Menu.Item onClick={() => leave.signOut('device')}>{t('context.signOut')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </header>
      <ConsoleNav />
      <main className={page.content} id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  )
}

function ConsoleNav() {
  const { t } = useTranslation()
  const path = useLocation({ select: (it) => it.pathname })
  const bar = useRef<HTMLElement>(null)
  // On a phone they are wider than the screen: the page one is on is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the page is what the path says
  useEffect(() => {
    bar.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [path])
  return (
    <nav ref={bar} className={nav.nav} aria-label={t('platform.nav')}>
      {PAGES.map(([to, key]) => (
        <Link key={to} to={to} activeOptions={{ exact: to === '/console' }}>
          {t(`platform.${key}`)}
        </Link>
      ))}
    </nav>
  )
}
