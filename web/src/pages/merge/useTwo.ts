import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { chartQueries } from '@/api/chartQueries'
import { useMe } from '@/pages/context/useContextId'

/** The chart of the address, and the one it is compared with. */
export function useTwo() {
  const { context } = useMe()
  const { patient } = useParams({ from: '/signed-in/c/$context/charts/same/$patient' })
  const { as } = useSearch({ from: '/signed-in/c/$context/charts/same/$patient' })
  const one = useSuspenseQuery(chartQueries(context).patient(patient)).data
  const { data: other } = useQuery({
    ...chartQueries(context).patient(as ?? ''),
    enabled: as !== undefined && as !== patient,
  })
  return { one, other }
}
