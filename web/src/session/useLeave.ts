import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { contexts, session } from '@/api/auth'
import { forgetContext, personQueries } from '@/api/queries'
import { tell } from './channel'
import { gate } from './gate'
import { postMemory } from './postMemory'

/** The ways of leaving. Each takes what was loaded out of memory. */
export function useLeave() {
  const cache = useQueryClient()
  const router = useRouter()

  /** Puts everything out of sight, in this tab. */
  function cover(reason: 'idle' | 'asked') {
    const person = cache.getQueryData(personQueries.session().queryKey)?.person
    gate.set({ kind: 'locked', reason, name: person?.name ?? '', email: person?.email ?? '' })
    cache.clear()
  }

  /** To the door, and from there back to here. */
  async function toDoor(back: boolean) {
    cache.clear()
    const here = router.latestLocation
    // Several calls may learn of the end at once: the first has gone there already.
    if (here.pathname === '/sign-in') return
    const path = here.pathname + here.searchStr
    if (!back) postMemory.clear()
    await router.navigate({ to: '/sign-in', search: back ? { return: path, ended: true } : {} })
  }

  return {
    cover,
    toDoor,
    /** A lock that a reload cannot lift: the session ends, the place is remembered in this tab. */
    async lock(reason: 'idle' | 'asked') {
      cover(reason)
      tell({ kind: 'locked', reason })
      await session.end('device').catch(() => undefined)
    },
    async signOut(scope: 'device' | 'everywhere') {
      await session.end(scope)
      tell({ kind: 'signed-out' })
      await toDoor(false)
    },
    async closeContext(context: string) {
      await contexts.close(context)
      tell({ kind: 'context-closed', context })
      forgetContext(cache, context)
      await router.navigate({ to: '/', search: { all: true } })
    },
  }
}
