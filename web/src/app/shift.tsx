import { createRoute, lazyRouteComponent, notFound } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'
import { showsShift } from '@/pages/context/shows'
import { NotFoundPage } from './ErrorPages'
import { context } from './signedIn'

/** For whoever works a shift. For others it does not exist. */
const worksShift = createRoute({
  getParentRoute: () => context,
  id: 'shifts',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsShift(me.permissions)) throw notFound()
  },
  notFoundComponent: NotFoundPage,
})
const shift = createRoute({
  getParentRoute: () => worksShift,
  path: '/shift',
  component: lazyRouteComponent(() => import('@/pages/shift/ShiftPage'), 'ShiftPage'),
})
const handovers = createRoute({
  getParentRoute: () => worksShift,
  path: '/handovers',
  component: lazyRouteComponent(() => import('@/pages/shift/HandoversPage'), 'HandoversPage'),
})
const handover = createRoute({
  getParentRoute: () => worksShift,
  path: '/handovers/$handover',
  component: lazyRouteComponent(() => import('@/pages/shift/HandoverPage'), 'HandoverPage'),
})
const incidents = createRoute({
  getParentRoute: () => worksShift,
  path: '/incidents',
  component: lazyRouteComponent(() => import('@/pages/shift/IncidentsPage'), 'IncidentsPage'),
})

const board = createRoute({
  getParentRoute: () => worksShift,
  path: '/board',
  component: lazyRouteComponent(() => import('@/pages/board/BoardPage'), 'BoardPage'),
})

export const shifts = worksShift.addChildren([shift, handovers, handover, incidents, board])
