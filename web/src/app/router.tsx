import type { QueryClient } from '@tanstack/react-query'
import {
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  type RouterHistory,
  redirect,
} from '@tanstack/react-router'
import { chartQueries } from '@/api/chartQueries'
import { ApiError, hasCode } from '@/api/errors'
import { exportQuery } from '@/api/exports'
import { isHidden, isMissing } from '@/api/fhir'
import { noteQueries } from '@/api/notes'
import { contextQueries, personQueries, platformQueries } from '@/api/queries'
import { isSection, loadChart, loadOverview, loadSection } from '@/pages/chart/sections'
import { isMerged } from '@/pages/chart/words'
import {
  firstPage,
  isRelative,
  showsEmergencies,
  showsExports,
  showsPatients,
  showsPeople,
  showsSupport,
  showsTemplates,
} from '@/pages/context/shows'
import { openPost } from '@/session/contexts'
import { seesAccesses } from '@/session/rights'
import { ChartError } from './closed'
import {
  email,
  forgot,
  invitation,
  type RouterContext,
  reset,
  root,
  type Search,
  signIn,
  unsubscribe,
  word,
} from './doors'
import { ErrorPage, NotFoundPage, Pending } from './ErrorPages'
import { family } from './family'
import { imports } from './imports'
import { medications } from './medications'
import { oversight } from './oversight'
import { shifts } from './shift'
import { context, signedIn, stands } from './signedIn'

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)

const enroll = createRoute({
  getParentRoute: () => signedIn,
  path: '/enroll',
  validateSearch: (search: Search): { return?: string } => ({ return: word(search.return) }),
  component: lazyRouteComponent(() => import('@/pages/enroll/EnrollPage'), 'EnrollPage'),
})
const posts = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  validateSearch: (search: Search): { all?: true } => ({ all: search.all === true ? true : undefined }),
  loaderDeps: ({ search }) => search,
  loader: async ({ context, deps }) => {
    const { memberships } = await context.cache.fetchQuery(personQueries.contexts())
    const only = memberships.length === 1 ? memberships[0] : undefined
    if (only && !deps.all)
      throw redirect({
        to: '/open/$organization/$membership',
        params: { organization: only.organization.slug, membership: String(only.membership) },
        replace: true,
      })
    // Who has no post may still be on the plane above them.
    if (memberships.length === 0 && !deps.all && (await context.cache.fetchQuery(platformQueries.me())))
      throw redirect({ to: '/console', replace: true })
  },
  component: lazyRouteComponent(() => import('@/pages/posts/PostsPage'), 'PostsPage'),
})
/** The address of a post before it is open: a plain link, so that it can be opened in another tab. */
const open = createRoute({
  getParentRoute: () => signedIn,
  path: '/open/$organization/$membership',
  loader: async ({ context, params }) => {
    const opened = await openPost(context.cache, params.organization, Number(params.membership))
    const me = await context.cache.ensureQueryData(contextQueries(opened).me())
    throw redirect({ to: firstPage(me), params: { context: opened }, replace: true })
  },
})
const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/account',
  validateSearch: (search: Search): { from?: string } => ({ from: word(search.from) }),
  loader: ({ context: { cache } }) =>
    Promise.all([
      cache.ensureQueryData(personQueries.factors()),
      cache.ensureQueryData(personQueries.devices()),
    ]).then(() => undefined),
  component: lazyRouteComponent(() => import('@/pages/account/AccountPage'), 'AccountPage'),
})
const authorize = createRoute({
  getParentRoute: () => signedIn,
  path: '/authorize',
  validateSearch: (search: Search): { request?: string } => ({ request: word(search.request) }),
  component: lazyRouteComponent(() => import('@/pages/authorize/AuthorizePage'), 'AuthorizePage'),
})

const welcome = createRoute({
  getParentRoute: () => context,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/context/WelcomePage'), 'WelcomePage'),
})

/** The patients and their charts, for whoever may look for them. For others they do not exist. */
const charts = createRoute({
  getParentRoute: () => context,
  id: 'charts',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsPatients(me.permissions)) throw notFound()
    await cache.ensureQueryData(chartQueries(params.context).types())
  },
  notFoundComponent: NotFoundPage,
})
const patients = createRoute({
  getParentRoute: () => charts,
  path: '/patients',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    const { kind } = await cache.ensureQueryData(contextQueries(params.context).me())
    if (kind === 'portal') {
      const { relationships } = await cache.ensureQueryData(contextQueries(params.context).ties())
      if (isRelative(relationships))
        throw redirect({ to: '/c/$context/family', params: { context: params.context }, replace: true })
    }
    const { pages } = await cache.ensureInfiniteQueryData(
      chartQueries(params.context).patients({ typed: '' }),
    )
    const [only, ...others] = pages.flatMap((page) => page.items).filter((it) => !isMerged(it))
    if (kind === 'portal' && only && others.length === 0 && !pages.at(-1)?.next)
      throw redirect({
        to: '/c/$context/patients/$patient',
        params: { context: params.context, patient: only.id },
        replace: true,
      })
  },
  component: lazyRouteComponent(() => import('@/pages/patients/PatientsPage'), 'PatientsPage'),
})
const admit = createRoute({
  getParentRoute: () => charts,
  path: '/admit',
  component: lazyRouteComponent(() => import('@/pages/patients/AdmitPage'), 'AdmitPage'),
})
const same = createRoute({
  getParentRoute: () => charts,
  path: '/same/$patient',
  validateSearch: (search: Search): { as?: string } => ({ as: word(search.as) }),
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    await cache.ensureQueryData(chartQueries(params.context).patient(params.patient)).catch((error) => {
      throw isHidden(error) ? notFound() : error
    })
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/merge/MergePage'), 'MergePage'),
})
const chart = createRoute({
  getParentRoute: () => charts,
  path: '/patients/$patient',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    if (!isId(params.patient)) throw notFound()
    await loadChart(cache, params.context, params.patient).catch((error: unknown) => {
      // Out of reach and not there are the same; a restricted record says that it is.
      throw isMissing(error) ? notFound() : error
    })
  },
  notFoundComponent: NotFoundPage,
  errorComponent: ChartError,
  component: lazyRouteComponent(() => import('@/pages/chart/ChartLayout'), 'ChartLayout'),
})
const chartOverview = createRoute({
  getParentRoute: () => chart,
  path: '/',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    await loadOverview(cache, params.context, params.patient)
  },
  component: lazyRouteComponent(() => import('@/pages/chart/OverviewPart'), 'OverviewPart'),
})
const chartSection = createRoute({
  getParentRoute: () => chart,
  path: '/$section',
  loader: async ({ context: { cache }, params: { context, patient, section }, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    if (!isSection(section) || !(await loadSection(cache, context, patient, section))) throw notFound()
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/chart/SectionPage'), 'SectionPage'),
})

/** A note being written. One that was signed meanwhile is read instead. */
const noteDraft = createRoute({
  getParentRoute: () => chart,
  path: '/notes/drafts/$draft',
  validateSearch: (search: Search): { review?: true } => ({
    review: search.review === true ? true : undefined,
  }),
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!me.permissions.includes('notes.write') || !isId(params.draft)) throw notFound()
    const draft = await cache
      .fetchQuery(noteQueries(params.context).draft(params.draft))
      .catch((error: unknown) => {
        const signed = hasCode(error, 'draft-signed') && error.problem.composition
        if (typeof signed === 'string')
          throw redirect({
            to: '/c/$context/patients/$patient/notes/$note',
            params: { context: params.context, patient: params.patient, note: signed },
            search: { draft: params.draft },
            replace: true,
          })
        throw isHidden(error) ? notFound() : error
      })
    if (draft.patient !== params.patient) throw notFound()
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/notes/EditorPage'), 'EditorPage'),
})
const signedNote = createRoute({
  getParentRoute: () => chart,
  path: '/notes/$note',
  validateSearch: (search: Search): { said?: 'signed'; draft?: string } => ({
    said: search.said === 'signed' ? 'signed' : undefined,
    draft: typeof search.draft === 'string' && isId(search.draft) ? search.draft : undefined,
  }),
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    if (!(await stands(parentMatchPromise))) return
    if (!isId(params.note)) throw notFound()
    await cache.ensureQueryData(noteQueries(params.context).note(params.note)).catch((error: unknown) => {
      throw isHidden(error) ? notFound() : error
    })
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/notes/SignedNotePage'), 'SignedNotePage'),
})

/** For whoever makes the templates of notes. For others they do not exist. */
const templates = createRoute({
  getParentRoute: () => context,
  id: 'templates',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsTemplates(me.permissions)) throw notFound()
    await cache.ensureQueryData(noteQueries(params.context).templates())
  },
  notFoundComponent: NotFoundPage,
})
const templateList = createRoute({
  getParentRoute: () => templates,
  path: '/note-templates',
  component: lazyRouteComponent(() => import('@/pages/templates/TemplatesPage'), 'TemplatesPage'),
})
const templateBuilder = createRoute({
  getParentRoute: () => templates,
  path: '/note-templates/edit',
  validateSearch: (search: Search): { of?: string } => ({ of: word(search.of) }),
  component: lazyRouteComponent(() => import('@/pages/templates/BuilderPage'), 'BuilderPage'),
})

/** The pages of whoever may see the people here. For others they do not exist. */
const seesPeople = createRoute({
  getParentRoute: () => context,
  id: 'people',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsPeople(me.permissions)) throw notFound()
    await Promise.all([
      cache.ensureQueryData(contextQueries(params.context).people()),
      cache.ensureQueryData(contextQueries(params.context).roles()),
    ])
  },
  notFoundComponent: NotFoundPage,
})
const people = createRoute({
  getParentRoute: () => seesPeople,
  path: '/people',
  validateSearch: (search: Search): { view?: 'tree' } => ({
    view: search.view === 'tree' ? 'tree' : undefined,
  }),
  component: lazyRouteComponent(() => import('@/pages/people/PeoplePage'), 'PeoplePage'),
})
const invite = createRoute({
  getParentRoute: () => seesPeople,
  path: '/people/invite',
  component: lazyRouteComponent(() => import('@/pages/people/InvitePage'), 'InvitePage'),
})
const post = createRoute({
  getParentRoute: () => seesPeople,
  path: '/people/$membership',
  validateSearch: (search: Search): { said?: 'invited' } => ({
    said: search.said === 'invited' ? 'invited' : undefined,
  }),
  loader: ({ context: { cache }, params }) => {
    if (!/^[1-9]\d{0,8}$/.test(params.membership)) throw notFound()
    return cache
      .ensureQueryData(contextQueries(params.context).post(Number(params.membership)))
      .then(() => undefined)
  },
  component: lazyRouteComponent(() => import('@/pages/people/PostPage'), 'PostPage'),
})
const roles = createRoute({
  getParentRoute: () => seesPeople,
  path: '/roles',
  component: lazyRouteComponent(() => import('@/pages/roles/RolesPage'), 'RolesPage'),
})
const role = createRoute({
  getParentRoute: () => seesPeople,
  path: '/roles/$role',
  component: lazyRouteComponent(() => import('@/pages/roles/RolePage'), 'RolePage'),
})
/** Beside the roles, not below: any key may be a role's. */
const addRole = createRoute({
  getParentRoute: () => seesPeople,
  path: '/add-role',
  component: lazyRouteComponent(() => import('@/pages/roles/AddRolePage'), 'AddRolePage'),
})

/** For whoever judges emergency access, or may have some. For others it does not exist. */
const emergencies = createRoute({
  getParentRoute: () => context,
  path: '/emergencies',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsEmergencies(me.permissions)) throw notFound()
    await cache.ensureQueryData(contextQueries(params.context).emergencies())
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/emergencies/EmergenciesPage'), 'EmergenciesPage'),
})

/** Who looked at a record: for patients their own, for whoever may read the log any within reach. */
const accesses = createRoute({
  getParentRoute: () => context,
  path: '/record-accesses',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!seesAccesses(me)) throw notFound()
  },
  component: lazyRouteComponent(() => import('@/pages/accesses/AccessesPage'), 'AccessesPage'),
  notFoundComponent: NotFoundPage,
})

/** For whoever may take records out. For others it does not exist. */
const exports = createRoute({
  getParentRoute: () => context,
  path: '/exports',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsExports(me.permissions)) throw notFound()
    await cache.ensureQueryData(exportQuery(params.context))
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/exports/ExportsPage'), 'ExportsPage'),
})

/** For others than administrators it does not exist. */
const facilities = createRoute({
  getParentRoute: () => context,
  path: '/facilities',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!me.permissions.includes('organization.manage')) throw notFound()
    await Promise.all([
      cache.ensureQueryData(contextQueries(params.context).facilities()),
      cache.ensureQueryData(contextQueries(params.context).organization()),
      cache.ensureQueryData(contextQueries(params.context).modules()),
    ])
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/facilities/FacilitiesPage'), 'FacilitiesPage'),
})
/** The plane above organizations. For whoever is not on it, and at an organization's own address, it does not exist. */
const console = createRoute({
  getParentRoute: () => signedIn,
  path: '/console',
  loader: async ({ context: { cache } }) => {
    if (!(await cache.ensureQueryData(platformQueries.me()))) throw notFound()
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/console/ConsoleLayout'), 'ConsoleLayout'),
})
const above = {
  organizations: createRoute({
    getParentRoute: () => console,
    path: '/',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.organizations())),
    component: lazyRouteComponent(() => import('@/pages/console/OrganizationsPage'), 'OrganizationsPage'),
  }),
  organization: createRoute({
    getParentRoute: () => console,
    path: '/organizations/$slug',
    loader: async ({ context: { cache }, params, parentMatchPromise }) => {
      await parentMatchPromise
      const one = cache.ensureQueryData(platformQueries.organization(params.slug)).catch((error) => {
        throw error instanceof ApiError && error.status === 404 ? notFound() : error
      })
      await Promise.all([one, cache.ensureQueryData(platformQueries.plans())])
    },
    notFoundComponent: NotFoundPage,
    component: lazyRouteComponent(() => import('@/pages/console/OrganizationPage'), 'OrganizationPage'),
  }),
  create: createRoute({
    getParentRoute: () => console,
    path: '/create',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.plans())),
    component: lazyRouteComponent(() => import('@/pages/console/CreatePage'), 'CreatePage'),
  }),
  plans: createRoute({
    getParentRoute: () => console,
    path: '/plans',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.plans())),
    component: lazyRouteComponent(() => import('@/pages/console/PlansPage'), 'PlansPage'),
  }),
  announcements: createRoute({
    getParentRoute: () => console,
    path: '/announcements',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.announcements())),
    component: lazyRouteComponent(() => import('@/pages/console/AnnouncementsPage'), 'AnnouncementsPage'),
  }),
  figures: createRoute({
    getParentRoute: () => console,
    path: '/figures',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.figures())),
    component: lazyRouteComponent(() => import('@/pages/console/FiguresPage'), 'FiguresPage'),
  }),
  sessions: createRoute({
    getParentRoute: () => console,
    path: '/sessions',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.sessions())),
    component: lazyRouteComponent(() => import('@/pages/console/SessionsPage'), 'SessionsPage'),
  }),
  health: createRoute({
    getParentRoute: () => console,
    path: '/health',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.health())),
    component: lazyRouteComponent(() => import('@/pages/console/HealthPage'), 'HealthPage'),
  }),
  support: createRoute({
    getParentRoute: () => console,
    path: '/support',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.support())),
    component: lazyRouteComponent(() => import('@/pages/console/SupportPage'), 'SupportPage'),
  }),
  administrators: createRoute({
    getParentRoute: () => console,
    path: '/administrators',
    loader: seeing((cache) => cache.ensureQueryData(platformQueries.administrators())),
    component: lazyRouteComponent(() => import('@/pages/console/AdministratorsPage'), 'AdministratorsPage'),
  }),
}

/** Looks once it is known that the person is on the plane: nobody else's request is sent. */
function seeing(look: (cache: QueryClient) => Promise<unknown>) {
  return async ({
    context,
    parentMatchPromise,
  }: {
    context: RouterContext
    parentMatchPromise: Promise<{ status: string }>
  }) => {
    if ((await parentMatchPromise).status !== 'success') return
    await look(context.cache)
  }
}
/** For whoever administers the organization or answers for its log. For others it does not exist. */
const support = createRoute({
  getParentRoute: () => context,
  path: '/support',
  loader: async ({ context: { cache }, params, parentMatchPromise }) => {
    await parentMatchPromise
    const me = await cache.ensureQueryData(contextQueries(params.context).me())
    if (!showsSupport(me.permissions)) throw notFound()
    await cache.ensureQueryData(contextQueries(params.context).support())
  },
  notFoundComponent: NotFoundPage,
  component: lazyRouteComponent(() => import('@/pages/support/SupportPage'), 'SupportPage'),
})

const tree = root.addChildren([
  signIn,
  forgot,
  reset,
  email,
  invitation,
  unsubscribe,
  signedIn.addChildren([
    enroll,
    posts,
    open,
    account,
    authorize,
    console.addChildren(Object.values(above)),
    context.addChildren([
      welcome,
      charts.addChildren([
        patients,
        admit,
        same,
        chart.addChildren([chartOverview, chartSection, noteDraft, signedNote]),
      ]),
      shifts,
      medications,
      oversight,
      family,
      templates.addChildren([templateList, templateBuilder]),
      seesPeople.addChildren([people, invite, post, roles, role, addRole]),
      emergencies,
      accesses,
      facilities,
      exports,
      imports,
      support,
    ]),
  ]),
])

export function makeRouter(cache: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree: tree,
    context: { cache },
    history,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
    defaultPendingComponent: Pending,
    // Loading a post opens it at the server: never for a pointer that passes over a link.
    defaultPreload: false,
    // What a loader gives is in the query cache, and only there.
    defaultGcTime: 0,
    trailingSlash: 'preserve',
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
