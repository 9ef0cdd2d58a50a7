import { screen } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

test('a page that found the server busy opens by itself', async () => {
  const app = open(`/c/${CONTEXT}/patients/${patientId(1)}`)
  await app.reads('Walter Ashdown')
  world.busy = 1_000
  app.router.navigate({ to: `/c/${CONTEXT}/patients/${patientId(2)}/relationships` as '/' })
  await screen.findByRole('heading', { level: 1, name: 'Lamplight is busy' }, { timeout: 8_000 })
  world.busy = 2
  await screen.findByRole('heading', { level: 1, name: 'Olive Kowalczyk' }, { timeout: 8_000 })
}, 20_000)
