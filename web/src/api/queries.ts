import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { contexts, devices, factors, session, signIn } from './auth'
import { inContext } from './context'
import { http } from './http'

const DAY = 86_400_000

interface Window {
  from: string
  to?: string
  cursor?: string
}

import { platform } from './platform'

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
  demo: () => queryOptions({ queryKey: ['demo'], queryFn: signIn.demo, staleTime: Number.POSITIVE_INFINITY }),
  branding: () =>
    queryOptions({ queryKey: ['branding'], queryFn: signIn.branding, staleTime: Number.POSITIVE_INFINITY }),
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
    ties: () => queryOptions({ queryKey: ['context', context, 'ties'], queryFn: inContext(context).ties }),
    /** The next page is asked for with the period of the one before: the cursor is bound to it. */
    accesses: (patient: string, days: number) =>
      infiniteQueryOptions({
        queryKey: ['context', context, 'accesses', patient, days],
        queryFn: ({ pageParam }) =>
          inContext(context).accesses(
            patient,
            pageParam ?? { from: new Date(http.now() - days * DAY).toISOString() },
          ),
        initialPageParam: null as Window | null,
        getNextPageParam: ({ from, to, next }) => (next ? { from, to, cursor: next } : null),
        // Every asking is a line of the log itself.
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: false,
      }),
    why: (event: string) =>
      queryOptions({
        queryKey: ['context', context, 'why', event],
        queryFn: () => inContext(context).why(event),
        refetchOnWindowFocus: false,
        retry: false,
      }),
    facilities: () =>
      queryOptions({ queryKey: ['context', context, 'facilities'], queryFn: inContext(context).facilities }),
    modules: () =>
      queryOptions({ queryKey: ['context', context, 'modules'], queryFn: inContext(context).modules }),
    organization: () =>
      queryOptions({
        queryKey: ['context', context, 'organization'],
        queryFn: inContext(context).organization,
      }),
    /** `logo` as `/api/me` has it: another number, another picture. */
    branding: (logo: number | null) =>
      queryOptions({
        queryKey: ['context', context, 'branding', logo],
        queryFn: inContext(context).branding,
        staleTime: Number.POSITIVE_INFINITY,
      }),
    roles: () => queryOptions({ queryKey: ['context', context, 'roles'], queryFn: inContext(context).roles }),
    announcements: () =>
      queryOptions({
        queryKey: ['context', context, 'announcements'],
        queryFn: inContext(context).announcements,
        staleTime: 60_000,
        refetchInterval: 300_000,
        retry: false,
      }),
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

/** What the cache holds of the plane above organizations. Each look is in a log: nobody's return to the tab is one. */
export const platformQueries = {
  me: () => queryOptions({ queryKey: ['platform', 'me'], queryFn: platform.me, staleTime: 30_000 }),
  organizations: () => look(['organizations'], platform.organizations),
  organization: (slug: string) => look(['organization', slug], () => platform.organization(slug)),
  usage: (slug: string, month: string) => look(['usage', slug, month], () => platform.usage(slug, month)),
  plans: () => look(['plans'], platform.plans),
  administrators: () => look(['administrators'], platform.administrators),
  announcements: () => look(['announcements'], platform.announcements),
  support: () => look(['support'], platform.support),
  health: () => look(['health'], platform.health),
  sessions: () => look(['sessions'], platform.sessions),
  figures: () => look(['figures'], platform.figures),
}

function look<Answer>(key: string[], queryFn: () => Promise<Answer>) {
  return queryOptions({
    queryKey: ['platform', ...key],
    queryFn,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
}

export function forgetContext(cache: QueryClient, context: string) {
  cache.removeQueries({ queryKey: ['context', context] })
}
