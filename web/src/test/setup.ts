import '@testing-library/jest-dom/vitest'
import './blobs'
import { cleanup, configure } from '@testing-library/react'
import { setupServer } from 'msw/node'
import { handlers } from '@/mocks/handlers'
import { resetWorld } from '@/mocks/world'
import { forgetOutbox } from '@/pages/medications/outboxes'
import { announcementMemory } from '@/session/announcementMemory'
import { gate } from '@/session/gate'
import { postMemory } from '@/session/postMemory'

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 10_000 })

/** Answers as the contract says; what no handler knows fails the test. */
const server = setupServer(...handlers)

// What jsdom lacks and the components ask for.
window.matchMedia = (query) =>
  ({
    matches: false,
    media: query,
    addEventListener() {},
    removeEventListener() {},
  }) as unknown as MediaQueryList
window.scrollTo = () => {}
window.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Element.prototype.scrollIntoView = () => {}

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
beforeEach(() => {
  resetWorld()
  gate.reset()
  postMemory.clear()
  announcementMemory.clear()
  window.history.replaceState(null, '', '/')
})
afterEach(() => {
  cleanup()
  forgetOutbox()
  server.resetHandlers()
})
afterAll(() => server.close())
