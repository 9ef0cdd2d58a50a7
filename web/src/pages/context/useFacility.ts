import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { chartQueries } from '@/api/chartQueries'
import { useMe } from './useContextId'

const chosen = (context: string) =>
  queryOptions({
    queryKey: ['context', context, 'facility'],
    queryFn: () => '',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

/** Which of the post's facilities lists are about now: of this tab, in memory. The server sees to what may be seen. */
export function useChosenFacility() {
  const { context, me } = useMe()
  const client = useQueryClient()
  const { data: code = '' } = useQuery(chosen(context))
  const choices = me.facilities.length > 1 ? me.facilities : []
  return {
    choices,
    code: choices.some((it) => it.code === code) ? code : '',
    choose: (next: string) => client.setQueryData(chosen(context).queryKey, next),
  }
}

/** The same as patients name it: by an Organization, where there is one of that name. */
export function useFacility() {
  const { context } = useMe()
  const { choices, code, choose } = useChosenFacility()
  const { data: organizations } = useQuery(chartQueries(context).organizations(choices.map((it) => it.name)))
  const facility = choices.find((it) => it.code === code && organizations?.has(it.name))
  return {
    code,
    /** Only what patients name can be filtered by. */
    name: facility?.name,
    organization: facility && organizations?.get(facility.name),
    /** The Organization of any of them. */
    organizationOf: (name: string) => organizations?.get(name),
    choose,
  }
}
