import { createMemoryHistory } from '@tanstack/react-router'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { App } from '@/app/App'
import { makeQueryClient } from '@/app/queryClient'
import { makeRouter } from '@/app/router'

/** Opens the app at an address, as a person at a keyboard. */
export function open(path: string) {
  const cache = makeQueryClient()
  const router = makeRouter(cache, createMemoryHistory({ initialEntries: [path] }))
  const user = userEvent.setup({ delay: null })
  render(<App cache={cache} router={router} />)
  return {
    router,
    path: () => router.state.location.pathname,
    sees: (text: string | RegExp) => screen.findByText(text, {}, { timeout: 4000 }),
    reads: (title: string | RegExp) =>
      screen.findByRole('heading', { name: title, level: 1 }, { timeout: 4000 }),
    async types(label: string | RegExp, text: string) {
      await user.type(await screen.findByLabelText(label, { selector: 'input' }), text)
    },
    async presses(name: string | RegExp) {
      await user.click(await screen.findByRole('button', { name }))
    },
    async follows(name: string | RegExp) {
      await user.click(await screen.findByRole('link', { name }))
    },
    user,
  }
}
