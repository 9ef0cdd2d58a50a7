import { useSuspenseQuery } from '@tanstack/react-query'
import type { PlatformMe } from '@/api/platform'
import { platformQueries } from '@/api/queries'

const nobody: PlatformMe = { administrator: 0, name: '', permissions: [] }

/** Who the person is on the plane, and what they may do there. */
export function useAbove() {
  const { data } = useSuspenseQuery(platformQueries.me())
  const me = data ?? nobody
  return { me, may: (permission: string) => me.permissions.includes(permission) }
}
