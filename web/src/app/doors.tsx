import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { signIn as door } from '@/api/auth'
import { personQueries } from '@/api/queries'
import { painted } from './painted'
import { RootLayout } from './RootLayout'
import { safeReturn } from './returnTo'

export interface RouterContext {
  cache: QueryClient
}

export type Search = Record<string, unknown>
export const word = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

export const root = createRootRouteWithContext<RouterContext>()({
  component: RootLayout,
  beforeLoad: painted,
})

// Doors: no session is needed.
export const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Search): { return?: string; error?: string; ended?: true } => ({
    return: word(search.return),
    error: word(search.error),
    ended: search.ended === true ? true : undefined,
  }),
  beforeLoad: async ({ context, search }) => {
    const session = await context.cache
      .fetchQuery({ ...personQueries.session(), retry: false })
      .catch(() => null)
    if (session) throw redirect({ href: safeReturn(search.return), replace: true })
    // Not through the cache: signing out empties it, and may do so while this is under way.
    return { people: await door.demo().catch(() => []) }
  },
  component: lazyRouteComponent(() => import('@/pages/sign-in/SignInPage'), 'SignInPage'),
})
export const forgot = createRoute({
  getParentRoute: () => root,
  path: '/forgot',
  component: lazyRouteComponent(() => import('@/pages/links/ForgotPage'), 'ForgotPage'),
})
export const reset = createRoute({
  getParentRoute: () => root,
  path: '/reset',
  component: lazyRouteComponent(() => import('@/pages/links/ResetPage'), 'ResetPage'),
})
export const email = createRoute({
  getParentRoute: () => root,
  path: '/email',
  component: lazyRouteComponent(() => import('@/pages/links/EmailPage'), 'EmailPage'),
})
export const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  component: lazyRouteComponent(() => import('@/pages/links/InvitationPage'), 'InvitationPage'),
})
export const unsubscribe = createRoute({
  getParentRoute: () => root,
  path: '/unsubscribe',
  component: lazyRouteComponent(() => import('@/pages/family/UnsubscribePage'), 'UnsubscribePage'),
})
