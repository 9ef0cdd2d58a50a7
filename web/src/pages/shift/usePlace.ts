import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'

/** The facility that a shift is of: the chosen one, or the post's first. */
export function usePlace() {
  const { me } = useMe()
  const { code, choices, choose } = useChosenFacility()
  const place = me.facilities.find((it) => it.code === code) ?? me.facilities[0]
  return {
    code: place?.code ?? '',
    name: place?.name ?? '',
    zone: place?.time_zone ?? 'UTC',
    choices,
    choose,
  }
}
