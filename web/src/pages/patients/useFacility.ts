import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { chartQueries } from '@/api/chartQueries'
import { useMe } from '@/pages/context/useContextId'

const chosen = (context: string) =>
  queryOptions({
    queryKey: ['context', context, 'facility'],
    queryFn: () => '',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

/** Which of the post's facilities one works at now: of this tab, in memory. The server sees to what may be seen. */
export function useFacility() {
  const { context, me } = useMe()
  const client = useQueryClient()
  const names = me.facilities.length > 1 ? me.facilities.map((it) => it.name) : []
  const { data: organizations } = useQuery(chartQueries(context).organizations(names))
  const { data: code = '' } = useQuery(chosen(context))
  // Only what patients name can be filtered by.
  const choices = me.facilities.filter((it) => organizations?.has(it.name))
  const facility = choices.find((it) => it.code === code)
  return {
    choices,
    code: facility?.code ?? '',
    organization: facility && organizations?.get(facility.name),
    /** The Organization of any of them. */
    organizationOf: (name: string) => organizations?.get(name),
    choose: (next: string) => client.setQueryData(chosen(context).queryKey, next),
  }
}
