import { Loader } from '@mantine/core'
import { Navigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { NotFoundPage } from '@/app/ErrorPages'
import { useMe } from '@/pages/context/useContextId'
import { type PartKey, partsOf } from './parts'

const pages = {
  figures: lazy(() => import('./FiguresPage').then((it) => ({ default: it.FiguresPage }))),
  log: lazy(() => import('./LogPage').then((it) => ({ default: it.LogPage }))),
  reviews: lazy(() => import('./ReviewsPage').then((it) => ({ default: it.ReviewsPage }))),
  chains: lazy(() => import('./ChainsPage').then((it) => ({ default: it.ChainsPage }))),
  records: lazy(() => import('@/pages/erasures/RecordsPage').then((it) => ({ default: it.RecordsPage }))),
  keeping: lazy(() => import('./KeepingPage').then((it) => ({ default: it.KeepingPage }))),
} satisfies Record<PartKey, unknown>

/** One part; what the post has not does not exist. */
export function OversightPart() {
  const { me } = useMe()
  const { part } = useParams({ from: '/signed-in/c/$context/oversight/$part' })
  const key = partsOf(me.permissions).find((it) => it === part)
  if (!key) return <NotFoundPage />
  const Page = pages[key]
  return (
    <Suspense fallback={<Loader />}>
      <Page />
    </Suspense>
  )
}

/** The first part of the post. */
export function FirstPart() {
  const { context, me } = useMe()
  const [part] = partsOf(me.permissions)
  if (!part) return <NotFoundPage />
  return <Navigate to="/c/$context/oversight/$part" params={{ context, part }} replace />
}
