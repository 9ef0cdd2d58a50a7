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
    facilities: () =>
      queryOptions({ queryKey: ['context', context, 'facilities'], queryFn: inContext(context).facilities }),
    organization: () =>
      queryOptions({
        queryKey: ['context', context, 'organization'],
        queryFn: inContext(context).organization,
      }),
    roles: () => queryOptions({ queryKey: ['context', context, 'roles'], queryFn: inContext(context).roles }),
  }
}

export function forgetContext(cache: QueryClient, context: string) {
  cache.removeQueries({ queryKey: ['context', context] })
}
