import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'
import { isRelative } from '@/pages/context/shows'
import { NotFoundPage } from './ErrorPages'
import { context } from './signedIn'

/** For relatives. For others it does not exist. */
const follows = createRoute({
  getParentRoute: () => context,
  id: 'follows',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    const ties = me.kind === 'portal' && (await cache.ensureQueryData(contextQueries(params.context).ties()))
    if (!ties || !isRelative(ties.relationships)) throw notFound()
  },
  notFoundComponent: NotFoundPage,
})
const all = createRoute({
  getParentRoute: () => follows,
  path: '/family',
  component: lazyRouteComponent(() => import('@/pages/family/FamilyPage'), 'FamilyPage'),
})
const one = createRoute({
  getParentRoute: () => follows,
  path: '/family/$patient',
  component: lazyRouteComponent(() => import('@/pages/family/FamilyPage'), 'FamilyPage'),
})

export const family = follows.addChildren([all, one])
