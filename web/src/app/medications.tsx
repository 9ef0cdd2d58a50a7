import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'
import { showsMedications } from '@/pages/context/shows'
import { NotFoundPage } from './ErrorPages'
import { context } from './signedIn'

/** For whoever gives medications. For others it does not exist. */
const gives = createRoute({
  getParentRoute: () => context,
  id: 'gives',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsMedications(me.permissions)) throw notFound()
  },
  notFoundComponent: NotFoundPage,
})
const pass = createRoute({
  getParentRoute: () => gives,
  path: '/medications',
  component: lazyRouteComponent(() => import('@/pages/medications/PassPage'), 'PassPage'),
})
const counts = createRoute({
  getParentRoute: () => gives,
  path: '/medications/counts',
  component: lazyRouteComponent(() => import('@/pages/medications/CountsPage'), 'CountsPage'),
})
const count = createRoute({
  getParentRoute: () => gives,
  path: '/medications/counts/$stock',
  component: lazyRouteComponent(() => import('@/pages/medications/CountPage'), 'CountPage'),
})

export const medications = gives.addChildren([pass, counts, count])
