import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'

/** The zone of the house whose counts are looked at; where none is chosen and they differ, the device's. */
export function useHouseZone(): string {
  const { me } = useMe()
  const { code } = useChosenFacility()
  const zones = new Set(me.facilities.map((it) => it.time_zone))
  const chosen = me.facilities.find((it) => it.code === code)?.time_zone
  const [only] = zones.size === 1 ? zones : []
  return chosen ?? only ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}
