import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { CODE, signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000004'
const REVIEWER = ['emergency.review', 'emergency.access']
const NOTE = 'Your note, if there is something to say'

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

function at(path: string, ...permissions: string[]) {
  world.memberships[0]?.permissions.push(...permissions)
  return open(`/c/${CONTEXT}${path}`)
}
const cards = () => screen.findAllByRole('article')
const card = async (reason: RegExp) => {
  const found = (await cards()).find((it) => reason.test(it.textContent ?? ''))
  return found ?? Promise.reject(new Error(`no card says ${reason}`))
}
const FLOOR = /^Jonas Wetherby.*Found on the floor/
const OWN = /Choking at lunch/
const emergency = (n: number) => world.emergencies.find((it) => it.emergency.endsWith(`e00${n}`))
const looks = () => world.asked.filter((it) => it === 'GET /api/emergency-access').length
const button = (of: HTMLElement, name: string) => within(of).getByRole('button', { name })

test('whoever neither judges emergencies nor may have one has no way to them', async () => {
  const app = at('/', 'people.read')
  await app.reads(/^Good to see you/)
  await screen.findByRole('link', { name: 'People' })
  expect(screen.queryByRole('link', { name: 'Emergencies' })).toBeNull()
  await app.router.navigate({ to: '/c/$context/emergencies', params: { context: CONTEXT } })
  await app.reads('There is no such page')
  expect(looks()).toBe(0)
})

test('the list says who, where, when and why, what waits first, and of the patient nothing', async () => {
  const app = at('/', ...REVIEWER)
  await app.follows('Emergencies')
  await app.reads('Emergency access')
  await app.sees(/3 wait for a review\./)
  expect(screen.queryByRole('link', { name: 'People' })).toBeNull()
  const all = await cards()
  expect(all.map((it) => within(it).getByRole('heading').textContent)).toEqual([
    'Amara Osei',
    'Jonas Wetherby',
    'Pia Brandt',
    'Jonas Wetherby',
  ])
  expect(all[1]).toHaveTextContent(/RunningWaits for a review.*One patient.*Rosewood House.*Opened.*Until/)
  expect(all[2]).toHaveTextContent(/OverWaits for a review.*Elm Court Assisted Living/)
  expect(all[3]).toHaveTextContent(/OverJustified.*Fell in the garden.*Judged.*Right to look at once\./)
  expect(button(all[2] as HTMLElement, 'Justified')).toBeVisible()
  expect(within(all[3] as HTMLElement).queryByRole('button')).toBeNull()
  expect(document.documentElement.innerHTML).not.toMatch(/0195f2a0-0000-7000-8000-00000000[ef]00/)
  expect(app.path()).toBe(`/c/${CONTEXT}/emergencies`)
  expect(app.router.state.location.searchStr).toBe('')
})

test('whoever may only open some sees their own, and judges none', async () => {
  const app = at('/emergencies', 'emergency.access')
  await app.sees(/^The records you opened in an emergency/)
  expect(await cards()).toHaveLength(1)
  expect(screen.queryByRole('button', { name: 'Justified' })).toBeNull()
  expect(screen.queryByText(/so somebody else judges it/)).toBeNull()
  await app.presses('End it now')
  await app.sees('Your access has ended.')
  expect(await card(OWN)).toHaveTextContent('Over')
  expect(screen.queryByRole('button', { name: 'End it now' })).toBeNull()
  expect(world.asked).toContain(`DELETE /api/emergency-access/${emergency(3)?.emergency}`)
})

test('an access that was over before it was ended is told so', async () => {
  const app = at('/emergencies', 'emergency.access')
  const end = await screen.findByRole('button', { name: 'End it now' })
  Object.assign(emergency(3) ?? {}, { ends_at: new Date(Date.now() - 1000).toISOString() })
  await app.user.click(end)
  await app.sees('Your access was over already.')
  expect(screen.queryByRole('button', { name: 'End it now' })).toBeNull()
})

test('nothing was opened: the page says so', async () => {
  world.emergencies = []
  const app = at('/emergencies', 'emergency.review')
  await app.sees('Nobody has opened a record in an emergency.')
  expect(screen.queryByText(/review\./)).toBeNull()
})

test('nobody judges what they opened, by whichever of their posts', async () => {
  Object.assign(emergency(2) ?? {}, { membership: 8 })
  at('/emergencies', ...REVIEWER)
  const own = await card(OWN)
  expect(own).toHaveTextContent('You opened this one, so somebody else judges it.')
  expect(within(own).queryByRole('textbox')).toBeNull()
  const other = await card(/^Pia Brandt/)
  expect(other).toHaveTextContent('You opened this one')
  expect(within(other).queryByRole('button')).toBeNull()
})

test('a verdict is proved for, ends what is running, and stands in the list', async () => {
  const app = at('/emergencies', 'emergency.review')
  const floor = await card(FLOOR)
  expect(floor).toHaveTextContent('“Not justified” ends an access that is still running.')
  await app.user.type(within(floor).getByLabelText(NOTE), 'Somebody on duty could have looked.')
  await app.user.click(button(floor, 'Not justified'))
  await app.sees(/before we judge an emergency access/)
  expect(emergency(1)?.review).toBeNull()
  await app.types('Code', CODE)
  const news = await app.sees('Your verdict on the access of Jonas Wetherby is saved.')
  await waitFor(() => expect(document.activeElement).toContainElement(news))
  expect(emergency(1)?.review).toMatchObject({
    verdict: 'not-justified',
    note: 'Somebody on duty could have looked.',
    by: 3,
  })
  const judged = await card(FLOOR)
  expect(judged).toHaveTextContent(/OverNot justified.*, by you.*Somebody on duty could have looked\./)
  expect(within(judged).queryByRole('button')).toBeNull()
  await app.sees(/2 wait for a review\./)
})

test('an access that was right runs on, and a verdict needs no note', async () => {
  const app = at('/emergencies', 'emergency.review')
  await app.user.click(button(await card(FLOOR), 'Justified'))
  await app.types('Code', CODE)
  await app.sees(/^Your verdict on/)
  expect(emergency(1)?.review).toMatchObject({ verdict: 'justified', note: '' })
  expect(await card(FLOOR)).toHaveTextContent('RunningJustified')
})

test('the keyboard alone reaches a verdict', async () => {
  const app = at('/emergencies', 'emergency.review')
  within(await card(FLOOR))
    .getByLabelText(NOTE)
    .focus()
  await app.user.keyboard('On duty alone.{Tab}{Tab}{Enter}')
  const code = await screen.findByLabelText('Code')
  await waitFor(() => expect(code).toHaveFocus())
  await app.user.keyboard(CODE)
  await app.sees(/^Your verdict on/)
  expect(emergency(1)?.review).toMatchObject({ verdict: 'not-justified', note: 'On duty alone.' })
})

test('whoever closes the proof has judged nothing, and what they typed is still there', async () => {
  const app = at('/emergencies', 'emergency.review')
  const floor = await card(FLOOR)
  await app.user.type(within(floor).getByLabelText(NOTE), 'On duty alone.')
  await app.user.click(button(floor, 'Not justified'))
  await app.sees(/before we judge an emergency access/)
  await app.user.keyboard('{Escape}')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(within(await card(FLOOR)).getByLabelText(NOTE)).toHaveValue('On duty alone.')
  expect(screen.queryByRole('alert')).toBeNull()
  expect(emergency(1)?.review).toBeNull()
})

test('somebody was faster: it is told, their verdict is shown, and the words that were typed', async () => {
  const app = at('/emergencies', 'emergency.review')
  const floor = await card(FLOOR)
  await app.user.type(within(floor).getByLabelText(NOTE), 'On duty alone.')
  await app.user.click(button(floor, 'Not justified'))
  await app.sees(/before we judge an emergency access/)
  const at1 = new Date().toISOString()
  Object.assign(emergency(1) ?? {}, { review: { at: at1, by: 1, verdict: 'justified', note: 'Was right.' } })
  expect(within(floor).getByLabelText(NOTE)).toHaveValue('On duty alone.')
  await app.types('Code', CODE)
  const news = await app.sees(/^Somebody has judged the access of Jonas Wetherby already/)
  expect(news).toHaveTextContent('What you wrote was not saved:On duty alone.')
  const judged = await card(FLOOR)
  expect(judged).toHaveTextContent(/Justified.*Was right\./)
  expect(within(judged).queryByRole('button')).toBeNull()
  expect(looks()).toBe(2)
})

test('what went out of reach meanwhile is told', async () => {
  const app = at('/emergencies', 'emergency.review')
  const floor = await card(FLOOR)
  await app.user.click(button(floor, 'Justified'))
  await app.sees(/before we judge an emergency access/)
  world.emergencies = world.emergencies.filter((it) => !it.emergency.endsWith('e001'))
  await app.types('Code', CODE)
  await app.sees('The access of Jonas Wetherby is out of your reach by now.')
  expect(await cards()).toHaveLength(3)
})

test('a note has 500 characters, counted as people count them, and more is told before proof', async () => {
  const app = at('/emergencies', 'emergency.review')
  const floor = await card(FLOOR)
  const note = within(floor).getByLabelText(NOTE)
  fireEvent.change(note, { target: { value: `${'😀'.repeat(502)}` } })
  await app.user.click(button(floor, 'Justified'))
  await app.sees('2 characters too many.')
  expect(note).toHaveFocus()
  expect(screen.queryByRole('dialog')).toBeNull()
  fireEvent.change(note, { target: { value: '😀'.repeat(500) } })
  expect(screen.queryByText(/too many/)).toBeNull()
  await app.user.click(button(floor, 'Justified'))
  await app.types('Code', CODE)
  await app.sees(/^Your verdict on/)
})

test('an access is over when its time has come, without asking again', async () => {
  Object.assign(emergency(1) ?? {}, { ends_at: new Date(Date.now() + 1500).toISOString() })
  at('/emergencies', 'emergency.review')
  expect(await card(FLOOR)).toHaveTextContent('Running')
  await waitFor(async () => expect(await card(FLOOR)).toHaveTextContent('Over'), { timeout: 4000 })
  expect(looks()).toBe(1)
})

test('nothing of it is kept in the browser', async () => {
  const app = at('/emergencies', ...REVIEWER)
  const floor = await card(FLOOR)
  await app.user.type(within(floor).getByLabelText(NOTE), 'On duty alone.')
  await app.user.click(button(floor, 'Justified'))
  await app.types('Code', CODE)
  await app.sees(/^Your verdict on/)
  const kept = JSON.stringify([{ ...localStorage }, { ...sessionStorage }])
  expect(kept).not.toMatch(/duty|floor|Wetherby|e001|f001/)
  expect(app.router.state.location.href).toBe(`/c/${CONTEXT}/emergencies`)
})
