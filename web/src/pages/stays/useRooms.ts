import { useQuery } from '@tanstack/react-query'
import { chartQueries } from '@/api/chartQueries'
import { chartsQueries } from '@/api/charts'
import { fhirIn, isHidden } from '@/api/fhir'
import { useMe } from '@/pages/context/useContextId'

/** The rooms that there are: as Locations of the organization, and those that people stay in. */
export function useRooms() {
  const { context } = useMe()
  const { data: locations = [] } = useQuery({
    queryKey: ['context', context, 'fhir', 'locations'],
    staleTime: 5 * 60_000,
    refetchOnWindowFocus: false,
    queryFn: async ({ client, signal }) => {
      const types = await client.ensureQueryData(chartQueries(context).types())
      if (!types.has('Location')) return []
      try {
        return await fhirIn(context).all('Location', { _count: '200' }, { most: 600, signal })
      } catch (error) {
        if (isHidden(error)) return []
        throw error
      }
    },
  })
  const { data: census } = useQuery(chartsQueries(context).census())
  const byName = new Map(locations.flatMap((it) => (it.name ? [[it.name, it.id] as const] : [])))
  const names = [...byName.keys(), ...(census ?? []).flatMap((stay) => stay.room ?? [])]
  return {
    names: [...new Set(names)].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })),
    /** The place as the server takes it: with its Location where the name is of one. */
    placeOf: (name: string | undefined) => {
      const said = name?.trim()
      if (!said) return undefined
      const location = byName.get(said)
      return { name: said, ...(location && { location }) }
    },
  }
}
