import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useContextId } from './useContextId'

const visited = (context: string) =>
  queryOptions({
    queryKey: ['context', context, 'visit'],
    queryFn: () => '',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })

/** Whose chart was opened from the shift, so that there is a way back to where they stand in it: of this tab, in memory. */
export function useVisit() {
  const context = useContextId()
  const client = useQueryClient()
  const { data: patient = '' } = useQuery(visited(context))
  return { patient, set: (id: string) => client.setQueryData(visited(context).queryKey, id) }
}
