import { http } from 'msw'
import type { Difference, Member, PostChange, RoleBody } from '@/api/types'
import { answering, fields, json, needContext, needStepUp, needVersion, refuse } from './contract'
import type { MockPost } from './organization'
import { world } from './world'

function needs(request: Request, permission: string) {
  const found = needContext(request)
  if (!found.post.permissions.includes(permission)) refuse(403, 'forbidden')
  return found
}

const invalid = (detail: string) => refuse(400, 'invalid', { detail })

function theOne(posts: MockPost[], membership: number): MockPost {
  return posts.find((it) => it.membership === membership) ?? refuse(404, 'not-found')
}

/** The post and those above it, the nearest first. */
function chain(posts: MockPost[], post: MockPost): MockPost[] {
  const above = posts.find((it) => it.membership === post.parent)
  return above ? [post, ...chain(posts, above)] : [post]
}

function effective(posts: MockPost[], post: MockPost): Member['effective'] {
  const all = chain(posts, post)
  const denied = all.flatMap((it) => it.denied)
  return {
    permissions: post.permissions.filter(
      (key) => !denied.includes(key) && all.every((it) => it.permissions.includes(key)),
    ),
    facilities: post.facilities.filter((code) => all.every((it) => it.facilities.includes(code))),
    by_relationship: all.some((it) => it.by_relationship),
    alive: !all.some((it) => it.ended),
    ends_at: all.flatMap((it) => it.ends_at ?? []).sort()[0] ?? null,
  }
}

function stateOf(posts: MockPost[], post: MockPost): Member['state'] {
  if (!effective(posts, post).alive) return 'ended'
  return post.taken_up ? 'active' : 'invited'
}

const near = ({ membership, name, role }: MockPost) => ({ membership, name, role })

/** What a post may be changed to, tried on a copy of everyone. */
function changed(membership: number, me: number, what: PostChange | 'end'): MockPost[] {
  const posts = structuredClone(world.posts)
  const post = theOne(posts, membership)
  if (post.ended) refuse(404, 'not-found')
  if (
    !chain(posts, post)
      .slice(1)
      .some((it) => it.membership === me)
  )
    refuse(403, '')
  if (what === 'end') post.ended = true
  else {
    Object.assign(post, what)
    post.version += 1
  }
  if (world.lastAdministrator) refuse(409, 'last-administrator')
  return posts
}

function differences(membership: number, after: MockPost[]): Difference[] {
  const less = (from: string[], other: string[]) => from.filter((it) => !other.includes(it))
  return world.posts
    .filter((post) => chain(world.posts, post).some((it) => it.membership === membership))
    .map((post) => {
      const was = effective(world.posts, post)
      const is = effective(after, theOne(after, post.membership))
      const might = was.alive ? was : { permissions: [], facilities: [] }
      const may = is.alive ? is : { permissions: [], facilities: [] }
      return {
        ...near(post),
        alive: is.alive,
        was_alive: was.alive,
        permissions_gained: less(may.permissions, might.permissions),
        permissions_lost: less(might.permissions, may.permissions),
        facilities_gained: less(may.facilities, might.facilities),
        facilities_lost: less(might.facilities, may.facilities),
        by_relationship: is.by_relationship,
        was_by_relationship: was.by_relationship,
      }
    })
}

const change = { role: '', facilities: [''], denied: [''], ends_at: '', permissions: [''] }
const changes = Object.keys(change) as (keyof typeof change)[]
const roleBody = { title: '', kind: '', tie: '', permissions: [''], hidden: [''] }

export const peopleHandlers = [
  http.get(
    '*/api/people',
    answering(({ request }) => {
      const { echo } = needs(request, 'people.read')
      const people = world.posts.map((post) => ({
        ...near(post),
        parent: post.parent,
        kind: post.kind,
        facilities: post.facilities,
        state: stateOf(world.posts, post),
        ends_at: post.ends_at,
        effective: effective(world.posts, post),
      }))
      return json({ people }, 200, echo)
    }),
  ),
  http.post(
    '*/api/people',
    answering(async ({ request }) => {
      const { echo, post } = needs(request, 'people.invite')
      const example = { email: '', name: '', role_key: '', facilities: [''], denied: [''], ends_at: '' }
      const asked = await fields(request, example, ['ends_at'])
      needStepUp(request, 'person.invite')
      if (asked.email.endsWith('.invalid')) invalid('email: not an address')
      const role = world.roles.find((it) => it.role_key === asked.role_key)
      if (!role) return invalid('role_key: there is no such role')
      if (!role.permissions.every((key) => post.permissions.includes(key))) refuse(403, '')
      const membership = Math.max(...world.posts.map((it) => it.membership)) + 1
      world.posts.push({
        ...{ membership, parent: post.membership, version: 1, taken_up: false, ended: false },
        ...{ name: asked.name, role: role.title, role_key: role.role_key, kind: role.kind },
        ...{ permissions: role.permissions, denied: [], facilities: asked.facilities },
        ...{ by_relationship: role.tie !== null, ends_at: asked.ends_at ?? null },
      })
      return json({ membership }, 201, echo)
    }),
  ),
  http.post(
    '*/api/people/what-if',
    answering(async ({ request }) => {
      const { echo, post } = needs(request, 'people.read')
      const asked = await fields(request, { membership: 0, end: true, change: {} }, ['change'])
      const posts = differences(
        asked.membership,
        changed(asked.membership, post.membership, asked.change ?? 'end'),
      )
      return json({ posts, total: posts.length }, 200, echo)
    }),
  ),
  http.get(
    '*/api/people/:membership',
    answering(({ request, params }) => {
      const { echo } = needs(request, 'people.read')
      const post = theOne(world.posts, Number(params.membership))
      const { permissions, denied, facilities, by_relationship, ends_at } = post
      const below = world.posts.filter((it) => chain(world.posts, it).includes(post)).length - 1
      return json(
        {
          ...near(post),
          version: post.version,
          kind: post.kind,
          state: stateOf(world.posts, post),
          own: { permissions, denied, facilities, by_relationship, ends_at },
          effective: effective(world.posts, post),
          chain: chain(world.posts, post).slice(1).map(near),
          children: world.posts.filter((it) => it.parent === post.membership).map(near),
          below,
        },
        200,
        echo,
      )
    }),
  ),
  http.put(
    '*/api/people/:membership',
    answering(async ({ request, params }) => {
      const { echo, post } = needs(request, 'people.invite')
      const asked = await fields(request, change, changes)
      needStepUp(request, 'person.change')
      const membership = Number(params.membership)
      needVersion(request, theOne(world.posts, membership).version)
      world.posts = changed(membership, post.membership, asked)
      return json({ membership, version: theOne(world.posts, membership).version }, 200, echo)
    }),
  ),
  http.delete(
    '*/api/people/:membership',
    answering(({ request, params }) => {
      const { echo, post } = needs(request, 'people.end')
      needStepUp(request, 'person.end')
      world.posts = changed(Number(params.membership), post.membership, 'end')
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.get(
    '*/api/roles',
    answering(({ request }) => {
      const { echo } = needs(request, 'people.read')
      return json({ roles: world.roles }, 200, echo)
    }),
  ),
  http.post(
    '*/api/roles',
    answering(async ({ request }) => {
      const { echo } = needs(request, 'roles.edit')
      const { role_key, role } = await fields(request, { role_key: '', role: {} as RoleBody })
      needStepUp(request, 'role.edit')
      if (world.roles.some((it) => it.role_key === role_key))
        invalid('role_key: there is such a role already')
      world.roles.push({
        ...{ role_key, title: role.title, kind: role.kind, tie: role.tie ?? null, version: 1, posts: 0 },
        ...{ permissions: role.permissions, hidden: role.hidden ?? [], template: null },
      })
      return json({ role_key, version: 1 }, 201, echo)
    }),
  ),
  http.put(
    '*/api/roles/:role',
    answering(async ({ request, params }) => {
      const { echo } = needs(request, 'roles.edit')
      const asked = (await fields(request, roleBody, ['tie', 'hidden'])) as unknown as RoleBody
      needStepUp(request, 'role.edit')
      const role = world.roles.find((it) => it.role_key === params.role) ?? refuse(404, 'not-found')
      needVersion(request, role.version)
      const { title, tie = null, permissions, hidden = [] } = asked
      Object.assign(role, { title, tie, permissions, hidden, version: role.version + 1 })
      return json({ role_key: role.role_key, version: role.version }, 200, echo)
    }),
  ),
]
