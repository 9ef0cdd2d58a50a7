import { QueryClient } from '@tanstack/react-query'
import { ApiError, ContextMismatch } from '@/api/errors'

/** Nothing is kept longer than its page, nothing is written anywhere. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 5 * 60_000,
        networkMode: 'always',
        retry: (count, error) =>
          count < 2 &&
          !(error instanceof ApiError && error.status < 500) &&
          !(error instanceof ContextMismatch),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}
