import type { QueryClient } from '@tanstack/react-query'
import { contexts } from '@/api/auth'
import { contextQueries, personQueries } from '@/api/queries'
import { postMemory } from './postMemory'

/** The context is none of this session's, and which post it was of is not known any more. */
export class ContextGone extends Error {
  override name = 'ContextGone'
}

/** The context of a post: the one that is open already, or a new one. */
export async function openPost(
  cache: QueryClient,
  organization: string,
  membership: number,
): Promise<string> {
  const { open } = await cache.fetchQuery({ ...personQueries.contexts(), staleTime: 0 })
  const already = open.find((it) => it.organization === organization && it.membership === membership)
  const context = already?.context ?? (await contexts.open(organization, membership)).context
  postMemory.keep(context, { organization, membership })
  if (!already) await cache.invalidateQueries(personQueries.contexts())
  return context
}

/** Loads what a post's pages stand on. After a new sign-in the same post may be another context: the answer. */
export async function enterContext(cache: QueryClient, context: string): Promise<string> {
  const me = contextQueries(context).me()
  if (cache.getQueryData(me.queryKey)) return context
  const { open } = await cache.fetchQuery({ ...personQueries.contexts(), staleTime: 0 })
  if (!open.some((it) => it.context === context)) {
    const post = postMemory.recall(context)
    if (!post) throw new ContextGone('not open')
    return await openPost(cache, post.organization, post.membership)
  }
  const { organization, membership } = await cache.fetchQuery(me)
  postMemory.keep(context, { organization: organization.slug, membership })
  return context
}
