import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { contextQueries } from '@/api/queries'

/** The context of the page: it stands in the address. */
export const useContextId = () => useParams({ from: '/signed-in/c/$context' }).context

/** Who the person is in this context, and what they may do. */
export function useMe() {
  const context = useContextId()
  const { data: me } = useSuspenseQuery(contextQueries(context).me())
  return { context, me, may: (permission: string) => me.permissions.includes(permission) }
}
