import type { Difference } from '@/api/types'

type Said = 'permissions_lost' | 'permissions_gained' | 'facilities_lost' | 'facilities_gained'

/** Something that several posts lose or gain, and which. */
export interface Effect {
  what: Said | 'bound' | 'unbound'
  /** A permission's or facility's key; none for being bound. */
  key: string
  posts: Difference[]
}

const SAID: readonly Said[] = [
  'permissions_lost',
  'facilities_lost',
  'permissions_gained',
  'facilities_gained',
]

/** Those that end. What they lose by it needs no words of its own. */
export const ending = (posts: readonly Difference[]) => posts.filter((it) => it.was_alive && !it.alive)

/** What is otherwise at those that go on, each thing once. */
export function effects(posts: readonly Difference[]): Effect[] {
  const found = new Map<string, Effect>()
  function add(what: Effect['what'], key: string, post: Difference) {
    const name = `${what} ${key}`
    const effect = found.get(name) ?? { what, key, posts: [] }
    effect.posts.push(post)
    found.set(name, effect)
  }
  const going = posts.filter((it) => it.alive)
  for (const said of SAID) for (const post of going) for (const key of post[said]) add(said, key, post)
  for (const post of going)
    if (post.by_relationship !== post.was_by_relationship)
      add(post.by_relationship ? 'bound' : 'unbound', '', post)
  return [...found.values()]
}
