import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'
import { showsOversight } from '@/pages/context/shows'
import { NotFoundPage } from './ErrorPages'
import { context } from './signedIn'

/** For whoever answers for a house: figures, the log, reviews. For others it does not exist. */
const oversees = createRoute({
  getParentRoute: () => context,
  path: '/oversight',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsOversight(me.permissions)) throw notFound()
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/oversight/OversightLayout'), 'OversightLayout'),
})
const first = createRoute({
  getParentRoute: () => oversees,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/oversight/OversightPart'), 'FirstPart'),
})
const part = createRoute({
  getParentRoute: () => oversees,
  path: '/$part',
  component: lazyRouteComponent(() => import('@/pages/oversight/OversightPart'), 'OversightPart'),
})

export const oversight = oversees.addChildren([first, part])
