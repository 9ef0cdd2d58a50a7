import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { I18nextProvider } from 'react-i18next'
import { texts } from '@/texts'
import { Look } from '@/ui/theme/Look'
import type { makeRouter } from './router'

interface Props {
  cache: QueryClient
  router: ReturnType<typeof makeRouter>
}

export function App({ cache, router }: Props) {
  return (
    <I18nextProvider i18n={texts}>
      <Look>
        <QueryClientProvider client={cache}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </Look>
    </I18nextProvider>
  )
}
