import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { contexts, devices, factors, session, signIn } from './auth'
import { inContext } from './context'

/** What the cache holds of the person, whatever the context. */
export const personQueries = {
  session: () =>
    queryOptions({
      queryKey: ['person', 'session'],
      queryFn: ({ signal }) => session.get(signal),
      staleTime: 30_000,
    }),
  contexts: () => queryOptions({ queryKey: ['person', 'contexts'], queryFn: contexts.list }),
  factors: () => queryOptions({ queryKey: ['person', 'factors'], queryFn: factors.list }),
  devices: () => queryOptions({ queryKey: ['person', 'devices'], queryFn: devices.list }),
  providers: () =>
    queryOptions({ queryKey: ['providers'], queryFn: signIn.providers, staleTime: Number.POSITIVE_INFINITY }),
}

/** What the cache holds of one context: every key begins with it. */
export function contextQueries(context: string) {
  return {
    me: () => queryOptions({ queryKey: ['context', context, 'me'], queryFn: inContext(context).me }),
    people: () =>
      queryOptions({ queryKey: ['context', context, 'people'], queryFn: inContext(context).people }),
    post: (membership: number) =>
      queryOptions({
        queryKey: ['context', context, 'people', membership],
        queryFn: () => inContext(context).post(membership),
      }),
    roles: () => queryOptions({ queryKey: ['context', context, 'roles'], queryFn: inContext(context).roles }),
    /** Each look is one at every patient concerned, and is logged so: nobody's return to the tab is a look. */
    emergencies: () =>
      queryOptions({
        queryKey: ['context', context, 'emergencies'],
        queryFn: inContext(context).emergencies,
        gcTime: 10_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      }),
    support: () =>
      queryOptions({ queryKey: ['context', context, 'support'], queryFn: inContext(context).support }),
  }
}

export function forgetContext(cache: QueryClient, context: string) {
  cache.removeQueries({ queryKey: ['context', context] })
}
