import { screen, waitFor, within } from '@testing-library/react'
import { family, makeFamily } from '@/mocks/family'
import { PATIENT } from '@/mocks/log'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000006'

beforeEach(() => {
  world.session = signedIn()
  family.now = makeFamily()
})

/** The person's third post is a relative's. */
function asRelative(...kinds: ('active' | 'waiting')[]) {
  world.memberships = world.memberships.map((it) =>
    it.organization.slug === 'harbor'
      ? {
          ...it,
          role: 'Family member',
          kind: 'portal',
          permissions: ['chart.read', 'chart.search', 'letters.write'],
        }
      : it,
  )
  world.ties = kinds.map((kind) => ({
    patient: PATIENT,
    facility: 'Rosewood House',
    kind: 'family',
    waits_for: kind === 'active' ? [] : ['member'],
    starts_at: '2026-11-01T00:00:00Z',
    ends_at: null,
  }))
  return open('/open/harbor/1')
}

function asApprover() {
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
  world.memberships[0]?.permissions.push('sharing.approve', 'letters.write')
  return open(`/c/${CONTEXT}/patients/${patientId(1)}/family`)
}

test('a relative comes to what is shared with them, and to nothing else', async () => {
  const app = asRelative('active')
  await app.reads('Family')
  await app.sees('Walter Ashdown')
  const line = (await screen.findByText('Wound area')).closest('li') as HTMLElement
  expect(line).toHaveTextContent('3.1 cm²')
  expect(line).toHaveTextContent('1 earlier')
  expect(within(line).getByRole('img')).toHaveAccessibleName(/^2 values from .* last 3\.1 cm²$/)
  expect(screen.queryByText('Laboratory value 6')).toBeNull()
  await app.presses('Show all 8')
  await app.sees('Laboratory value 6')
  expect(screen.queryByRole('heading', { name: 'Medications' })).toBeNull()
  expect(app.path()).toMatch(/\/family$/)
})

test('with nothing shared that is what is said', async () => {
  family.now.home = { resources: [{ resourceType: 'Patient', id: PATIENT }], complete: true }
  const app = asRelative('active')
  await app.sees(/^Nothing is shared with you yet/)
})

test('a patient who is not theirs any more is gone', async () => {
  family.now.home = null
  const app = asRelative('active')
  await app.sees(/^You do not see this person any more/)
})

test('who was asked to follow somebody agrees', async () => {
  const app = asRelative('waiting')
  await app.sees('You are asked to follow somebody at Rosewood House')
  await app.presses('I agree')
  await waitFor(() => expect(world.asked).toContain('POST /api/me/relationships/accept'))
})

test('a relative and the care team write to each other', async () => {
  const app = asRelative('active')
  await app.user.type(await screen.findByLabelText('Write to the care team'), 'How is he?')
  await app.presses('Send')
  await app.sees('Sent.')
  expect(screen.getByText(/^You, /)).toBeInTheDocument()
  expect(family.now.threads[0]).toMatchObject({ waits: true, letters: [{ text: 'How is he?' }] })
})

test('what is taken back needs no proof and is shown at once', async () => {
  const app = asApprover()
  const toggle = await screen.findByRole('switch', {
    name: 'Share all of “Vital signs and measurements” with Dora Ashdown',
  })
  expect(toggle).toBeChecked()
  await app.user.click(toggle)
  await waitFor(() => expect(family.now.relatives[0]?.approved).toHaveLength(1))
  await waitFor(() => expect(toggle).not.toBeChecked())
  expect(screen.queryByRole('dialog')).toBeNull()
})

test('a field alone is taken back, and whoever decided first is not overruled', async () => {
  const app = asApprover()
  await app.presses('Choose what of “Vital signs and measurements”')
  await app.user.click(await screen.findByLabelText('Remarks'))
  await app.sees('2 of 3')
  const one = family.now.relatives[0]
  if (one) one.version = 'W/"9"'
  await app.user.click(screen.getByLabelText('Values'))
  await app.sees(/^Somebody else changed this first/)
  expect(one?.approved.map((it) => it.field)).toEqual(['name', 'value', 'who'])
})

test('whoever approves sees it as the relative does', async () => {
  const app = asApprover()
  await app.presses('See it as Dora Ashdown does')
  const dialog = await screen.findByRole('dialog', { name: 'As Dora Ashdown sees it' })
  expect(await within(dialog).findByText('3.1 cm²')).toBeInTheDocument()
})

test('everything is withdrawn in one press', async () => {
  const app = asApprover()
  await app.presses('Withdraw everything from Dora Ashdown')
  await app.sees('Dora Ashdown sees nothing any more.')
})

test('who answers letters and approves nothing sees the letters alone', async () => {
  const app = asApprover()
  const may = world.memberships[0]
  if (may) may.permissions = may.permissions.filter((it) => it !== 'sharing.approve')
  await app.user.type(await screen.findByLabelText('Write to Dora Ashdown'), 'He is well.')
  await app.presses('Send')
  await app.sees('He is well.')
  expect(screen.queryByText('What they see')).toBeNull()
})

test('who lets families in and sees no letter is offered none', async () => {
  world.hiddenTypes.push('Communication')
  const app = asApprover()
  await app.sees('What they see')
  expect(screen.queryByLabelText('Write to Dora Ashdown')).toBeNull()
})
