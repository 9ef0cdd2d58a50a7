import { Menu, UnstyledButton, VisuallyHidden } from '@mantine/core'
import type { CSSProperties, MouseEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './ContextBar.module.css'
import { contextColor } from './contextColor'
import { ChevronIcon, NewTabIcon, PersonIcon } from './icons'
import { LampMark } from './LampMark'

export interface BarPost {
  key: string
  organization: string
  role: string
  where: string
  kind: 'staff' | 'portal'
  color: string
  href: string
  current: boolean
}

interface Props {
  organization: string
  /** Where an `img` finds its picture. */
  logo?: string
  role: string
  kind: 'staff' | 'portal'
  color: string
  person: string
  home: string
  posts: BarPost[]
  /** Follows a link within the app. */
  onFollow(href: string): void
  /** Someone looks at their account's menu. */
  onAccount?(): void
  /** What helps wherever one is. */
  tools?: ReactNode
  /** Menu items. */
  account: ReactNode
}

const paint = (color: string) => ({ '--context': contextColor(color) }) as CSSProperties

/** Whose post this tab is: in words, and in a colour of its own. */
export function ContextBar({
  organization,
  logo,
  role,
  kind,
  color,
  person,
  home,
  posts,
  onFollow,
  onAccount,
  tools,
  account,
}: Props) {
  const { t } = useTranslation()
  const follow = (href: string) => (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    onFollow(href)
  }
  return (
    <header className={classes.bar} data-kind={kind} style={paint(color)}>
      <a className={classes.brand} href={home} onClick={follow(home)} aria-label={t('common.product')}>
        <LampMark size={28} />
        <span className={classes.name}>{t('common.product')}</span>
      </a>
      <Menu
        withinPortal={false}
        withInitialFocusPlaceholder={false}
        position="bottom-start"
        width="min(24rem, calc(100vw - 1rem))"
        shadow="md"
      >
        <Menu.Target>
          <UnstyledButton className={classes.control}>
            {logo && <img src={logo} alt="" className={classes.logo} />}
            <span className={classes.where}>
              <span className={classes.organization}>{organization}</span>
              <span className={classes.role}>{role}</span>
            </span>{' '}
            <VisuallyHidden>{t('context.switcher')}</VisuallyHidden>
            <ChevronIcon size={18} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('context.switcher')}</Menu.Label>
          {posts.map((post) => (
            <div className={classes.post} role="none" key={post.key}>
              <Menu.Item
                component="a"
                href={post.href}
                onClick={follow(post.href)}
                aria-current={post.current || undefined}
                leftSection={<span className={classes.dot} data-kind={post.kind} style={paint(post.color)} />}
              >
                <strong>{post.organization}</strong>
                <br />
                {post.role}, {post.where}
                {post.current && (
                  <>
                    <br />
                    <em>{t('context.openHere')}</em>
                  </>
                )}
              </Menu.Item>
              {!post.current && (
                <Menu.Item
                  component="a"
                  className={classes.newTab}
                  href={post.href}
                  target="_blank"
                  rel="noopener"
                  aria-label={t('context.newTab', { role: post.role, organization: post.organization })}
                >
                  <NewTabIcon size={18} />
                </Menu.Item>
              )}
            </div>
          ))}
        </Menu.Dropdown>
      </Menu>
      {kind === 'portal' && <span className={classes.portal}>{t('context.portal')}</span>}
      <span className={classes.gap} />
      {tools}
      <Menu
        withinPortal={false}
        withInitialFocusPlaceholder={false}
        position="bottom-end"
        shadow="md"
        onOpen={onAccount}
      >
        <Menu.Target>
          <UnstyledButton className={classes.control}>
            <PersonIcon size={22} />
            <VisuallyHidden>{t('context.accountMenu')}</VisuallyHidden>{' '}
            <span className={classes.person}>{person}</span>
            <ChevronIcon size={18} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{person}</Menu.Label>
          {account}
        </Menu.Dropdown>
      </Menu>
    </header>
  )
}
