import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { hasCode } from '@/api/errors'
import { personQueries } from '@/api/queries'
import { enterContext } from '@/session/contexts'
import { root } from './doors'
import { SignedInLayout } from './SignedInLayout'

// Signed in: whoever is not goes to the door and comes back.
export const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    const here = location.pathname + location.searchStr
    try {
      const session = await context.cache.ensureQueryData(personQueries.session())
      if (session.second_factor_required && location.pathname !== '/enroll')
        throw redirect({ to: '/enroll', search: { return: here }, replace: true })
    } catch (error) {
      if (hasCode(error, 'signed-out'))
        throw redirect({ to: '/sign-in', search: here === '/' ? {} : { return: here }, replace: true })
      throw error
    }
  },
  component: SignedInLayout,
})

// One post. Everything below has its context in the address and in every request.
export const context = createRoute({
  getParentRoute: () => signedIn,
  path: '/c/$context',
  loader: async ({ context: { cache }, params, location }) => {
    const entered = await enterContext(cache, params.context)
    if (entered !== params.context)
      throw redirect({ href: location.href.replace(params.context, entered), replace: true })
  },
  component: lazyRouteComponent(() => import('@/pages/context/ContextLayout'), 'ContextLayout'),
})

/** What a page stands on is there: else nothing is asked for on its behalf. */
export const stands = async (parent: Promise<{ status: string }>) => (await parent).status === 'success'
