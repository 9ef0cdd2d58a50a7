import { http } from 'msw'
import type { FacilityBody, OrganizationBody } from '@/api/types'
import { answering, fields, json, needContext, needStepUp, needVersion, refuse } from './contract'
import { place } from './makeFacilities'
import { world } from './world'

function manages(request: Request) {
  const { post, echo } = needContext(request)
  if (!post.permissions.includes('organization.manage')) refuse(403, 'forbidden')
  return echo
}

export const facilityHandlers = [
  http.get(
    '*/api/modules',
    answering(({ request }) => json({ modules: world.modules }, 200, manages(request))),
  ),
  http.put(
    '*/api/modules/:module',
    answering(async ({ request, params }) => {
      const echo = manages(request)
      const { on } = await fields(request, { on: true })
      const found = world.modules.find((it) => it.key === params.module) ?? refuse(404, 'not-found')
      needStepUp(request, 'module.switch')
      Object.assign(found, { on, switched_off: !on })
      return new Response(null, { status: 204, headers: echo })
    }),
  ),
  http.get(
    '*/api/facilities',
    answering(({ request }) => json({ facilities: world.facilities }, 200, needContext(request).echo)),
  ),
  http.post(
    '*/api/facilities',
    answering(async ({ request }) => {
      const echo = manages(request)
      const asked = await fields(request, { code: '', name: '', time_zone: '' })
      if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(asked.code))
        refuse(400, 'invalid', { detail: 'code: lower-case letters, digits and inner hyphens' })
      needStepUp(request, 'organization.manage')
      if (world.facilities.some((it) => it.code === asked.code)) refuse(409, 'code-taken')
      world.facilities.push({ ...place(asked.code, asked.name, 'preparing'), time_zone: asked.time_zone })
      return json({ code: asked.code, version: 1 }, 201, echo)
    }),
  ),
  http.put(
    '*/api/facilities/:facility',
    answering(async ({ request, params }) => {
      const echo = manages(request)
      const asked = (await fields(request, {
        name: '',
        time_zone: '',
        state: '',
        hours: [],
      })) as unknown as FacilityBody
      const found = world.facilities.find((it) => it.code === params.facility) ?? refuse(404, 'not-found')
      needStepUp(request, 'organization.manage')
      needVersion(request, found.version)
      if (asked.state === 'preparing') refuse(409, 'facility-holds-patients')
      Object.assign(found, asked, { version: found.version + 1 })
      return json({ code: found.code, version: found.version }, 200, echo)
    }),
  ),
  http.get(
    '*/api/organization',
    answering(({ request }) => json(world.settings, 200, manages(request))),
  ),
  http.put(
    '*/api/organization',
    answering(async ({ request }) => {
      const echo = manages(request)
      const asked = (await fields(request, {
        ...{ name: '', accent: '', idle_seconds: 0, session_seconds: 0, portal_second_factor: true },
      })) as OrganizationBody
      if (!/^#[0-9a-f]{6}$/.test(asked.accent)) refuse(400, 'invalid', { detail: 'accent: a colour' })
      needStepUp(request, 'organization.manage')
      needVersion(request, world.settings.version)
      Object.assign(world.settings, asked, { version: world.settings.version + 1 })
      return json({ version: world.settings.version }, 200, echo)
    }),
  ),
  http.get(
    '*/api/organization/logo',
    answering(({ request }) => {
      const { echo } = needContext(request)
      return json({ name: world.settings.name, logo: world.settings.logo ?? null }, 200, echo)
    }),
  ),
  http.put(
    '*/api/organization/logo',
    answering(async ({ request }) => {
      const echo = manages(request)
      const given = ((await request.clone().json()) as { logo: string | null }).logo
      const { logo } = await fields(request, { logo: given === null ? null : '' })
      needStepUp(request, 'organization.manage')
      needVersion(request, world.settings.version)
      Object.assign(world.settings, { logo, version: world.settings.version + 1 })
      return json({ version: world.settings.version }, 200, echo)
    }),
  ),
]
