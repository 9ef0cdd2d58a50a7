import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'
import { showsImports } from '@/pages/context/shows'
import { NotFoundPage } from './ErrorPages'
import { context } from './signedIn'

/** For whoever may bring spreadsheets in. For others it does not exist. */
const bringsIn = createRoute({
  getParentRoute: () => context,
  id: 'brings-in',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsImports(me.permissions)) throw notFound()
  },
  notFoundComponent: NotFoundPage,
})
const all = createRoute({
  getParentRoute: () => bringsIn,
  path: '/imports',
  component: lazyRouteComponent(() => import('@/pages/imports/ImportsPage'), 'ImportsPage'),
})
const one = createRoute({
  getParentRoute: () => bringsIn,
  path: '/imports/$import',
  component: lazyRouteComponent(() => import('@/pages/imports/ImportPage'), 'ImportPage'),
})

export const imports = bringsIn.addChildren([all, one])
