import type { ErrorComponentProps } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { ApiError } from '@/api/errors'
import { ErrorPage } from './ErrorPages'

const ClosedChart = lazy(() =>
  import('@/pages/erasures/ClosedChart').then((it) => ({ default: it.ClosedChart })),
)

/** A chart that does not open: restricted or erased, or what went wrong. */
export function ChartError(props: ErrorComponentProps) {
  const { error } = props
  if (!(error instanceof ApiError && (error.status === 403 || error.status === 410)))
    return <ErrorPage {...props} />
  return (
    <Suspense>
      <ClosedChart {...props} />
    </Suspense>
  )
}
