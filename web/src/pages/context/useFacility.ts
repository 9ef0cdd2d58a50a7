import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { chartQueries } from '@/api/chartQueries'
import { showsPatients } from './shows'
import { useMe } from './useContextId'

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
  const charts = showsPatients(me.permissions)
  const { data: organizations } = useQuery({
    ...chartQueries(context).organizations(names),
    enabled: charts && names.length > 0,
  })
  const { data: code = '' } = useQuery(chosen(context))
  // Patients can be looked for only at those that they name.
  const choices = charts ? me.facilities.filter((it) => organizations?.has(it.name)) : me.facilities
  const facility = choices.find((it) => it.code === code)
  return {
    choices,
    code: facility?.code ?? '',
    name: facility?.name,
    organization: facility && organizations?.get(facility.name),
    /** The Organization of any of them. */
    organizationOf: (name: string) => organizations?.get(name),
    choose: (next: string) => client.setQueryData(chosen(context).queryKey, next),
  }
}
