import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { watchLinkToken } from './app/linkToken'
import { makeQueryClient } from './app/queryClient'
import { makeRouter } from './app/router'
import { keepWorker } from './app/worker'

watchLinkToken()

const cache = makeQueryClient()
const router = makeRouter(cache)
const place = document.getElementById('root')
if (place) {
  createRoot(place).render(
    <StrictMode>
      <App cache={cache} router={router} />
    </StrictMode>,
  )
}
keepWorker()
