import { act, screen, waitFor, within } from '@testing-library/react'
import { patientId } from '@/mocks/records'
import { signedIn, world } from '@/mocks/world'
import { open } from '@/test/open'

const CONTEXT = '0195f2a0-0000-7000-8000-000000000005'
const FIELD = 'Find a patient'

// The first page of all is loaded, too.

beforeEach(() => {
  world.session = signedIn()
  world.open = [
    { context: CONTEXT, organization: 'sunrise', membership: 3, opened_at: '2026-11-22T08:00:00Z' },
  ]
})

const at = (path: string) => open(`/c/${CONTEXT}${path}`)
const searches = () => world.searched.filter((it) => it.startsWith('Patient?'))
const listed = async () => {
  const list = await screen.findByRole('list', { name: 'Patients' })
  return within(list)
    .getAllByRole('link')
    .map((it) => it.textContent)
}

test('whoever may not search the charts has no way to the patients', async () => {
  world.memberships[0]?.permissions.splice(0, 3, 'chart.read')
  const app = at('/')
  await app.reads(/^Good to see you/)
  expect(screen.queryByRole('link', { name: 'Patients' })).toBeNull()
  for (const path of ['/patients', '/admit', `/patients/${patientId(1)}`] as const) {
    await act(() => app.router.navigate({ href: `/c/${CONTEXT}${path}` }))
    await app.reads('There is no such page')
  }
  expect(world.asked.some((it) => it.includes('/fhir/'))).toBe(false)
})

test('the list is there at once, by last name; a row says who it is and no more', async () => {
  const app = at('/')
  await app.follows('Patients')
  await app.reads('Patients')
  expect(await listed()).toEqual(['Walter Ashdown', 'Olive Kowalczyk', 'Ines Marchetti', 'Inez Marchetti'])
  const walter = screen.getByRole('link', { name: 'Walter Ashdown' }).closest('li')
  expect(walter).toHaveTextContent(/^Walter Ashdown Mar 9, 1941 \(8\d years\)MaleRoom 12Rosewood House$/)
})

test('one searches as one types, by keyboard alone, and "/" comes back to the field', async () => {
  const app = at('/patients')
  await app.reads('Patients')
  await app.user.keyboard('/')
  expect(screen.getByLabelText(FIELD)).toHaveFocus()
  await app.user.keyboard('march')
  await waitFor(async () => expect(await listed()).toEqual(['Ines Marchetti', 'Inez Marchetti']))
  await app.user.keyboard('{ArrowDown}{ArrowDown}')
  expect(screen.getByRole('link', { name: 'Inez Marchetti' })).toHaveFocus()
  await app.user.keyboard('{ArrowUp}{ArrowUp}')
  expect(screen.getByLabelText(FIELD)).toHaveFocus()
  await app.user.keyboard('{ArrowDown}{Enter}')
  await app.reads('Ines Marchetti')
  expect(app.router.state.location.href).toBe(`/c/${CONTEXT}/patients/${patientId(3)}`)
})

test('Enter opens the first that was found', async () => {
  const app = at('/patients')
  await app.types(FIELD, 'olive')
  await waitFor(async () => expect(await listed()).toEqual(['Olive Kowalczyk']))
  await app.user.type(screen.getByLabelText(FIELD), '{Enter}')
  await app.reads('Olive Kowalczyk')
})

test('an outdated search is cancelled, and what it would have found is never shown', async () => {
  const app = at('/patients')
  await listed()
  const sent: { form: string; signal: AbortSignal }[] = []
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    if (String(input).endsWith('Patient/_search') && init?.signal)
      sent.push({ form: String(init.body), signal: init.signal })
    return real(input, init)
  })
  let go = () => {}
  world.slow = new Promise((resolve) => {
    go = resolve
  })
  await app.types(FIELD, 'walter')
  await waitFor(() => expect(sent.some((it) => it.form.includes('walter'))).toBe(true))
  await app.user.clear(screen.getByLabelText(FIELD))
  await app.types(FIELD, 'olive')
  await waitFor(() => expect(sent.some((it) => it.form.includes('olive'))).toBe(true))
  expect(sent.find((it) => it.form.includes('walter'))?.signal.aborted).toBe(true)
  go()
  await waitFor(async () => expect(await listed()).toEqual(['Olive Kowalczyk']))
  expect(sent.find((it) => it.form.includes('olive'))?.signal.aborted).toBe(false)
})

test('a slip of the finger finds who sounds alike, and says so; a birthday and a number find too', async () => {
  const app = at('/patients')
  await app.types(FIELD, 'Zzyzx')
  await app.sees(/^Nobody here is called that/)
  await app.user.clear(screen.getByLabelText(FIELD))
  await app.types(FIELD, 'Marcheti')
  await app.sees(/sound or look alike/)
  expect(await listed()).toEqual(['Ines Marchetti', 'Inez Marchetti'])
  await app.user.clear(screen.getByLabelText(FIELD))
  await app.types(FIELD, '11/30/1938')
  await waitFor(async () => expect(await listed()).toEqual(['Olive Kowalczyk']))
  await app.user.clear(screen.getByLabelText(FIELD))
  await app.types(FIELD, 'RW-1001')
  await waitFor(async () => expect(await listed()).toEqual(['Walter Ashdown']))
})

test('who does not see a date of birth does not search by it, and is told of nobody', async () => {
  world.hiddenParameters = ['birthdate', 'identifier']
  const app = at('/patients')
  await app.types(FIELD, '11/30/1938')
  await app.sees(/^Nobody here is called that/)
  expect(searches().some((it) => it.includes('birthdate'))).toBe(false)
  await app.follows('Admit a patient')
  await admits(app, 'Ines', 'Marchetti', '1950-07-01')
  await app.presses('Admit')
  await app.sees(/^This may be somebody who is here already/)
})

test('more are shown page by page', async () => {
  const walter = world.records.find((it) => it.id === patientId(1))
  if (walter)
    world.records.push(
      ...Array.from({ length: 40 }, (_, i) => ({
        ...walter,
        id: patientId(100 + i),
        text: walter.text.replace(patientId(1), patientId(100 + i)),
      })),
    )
  const app = at('/patients')
  await app.reads('Patients')
  expect(await listed()).toHaveLength(25)
  await app.presses('Show more')
  await waitFor(async () => expect(await listed()).toHaveLength(44))
  expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull()
})

test('one facility is chosen for this tab, and the choice stays', async () => {
  const app = at('/patients')
  await app.user.selectOptions(await screen.findByLabelText('Show facility'), 'Elm Court Assisted Living')
  await waitFor(async () => expect(await listed()).toEqual(['Ines Marchetti']))
  await app.follows('Ines Marchetti')
  await app.reads('Ines Marchetti')
  await app.follows('Patients')
  expect(await screen.findByLabelText('Show facility')).toHaveDisplayValue('Elm Court Assisted Living')
})

test('who was opened in this tab stands first, in memory alone', async () => {
  const app = at(`/patients/${patientId(2)}`)
  await app.reads('Olive Kowalczyk')
  await app.follows('Patients')
  const recent = await screen.findByRole('navigation', { name: 'Opened in this tab' })
  expect(within(recent).getByRole('link')).toHaveTextContent('Olive Kowalczyk')
})

test('nothing that was asked or found is in an address or kept in the browser', async () => {
  const app = at('/patients')
  await app.types(FIELD, 'walter')
  await waitFor(async () => expect(await listed()).toEqual(['Walter Ashdown']))
  await app.follows('Walter Ashdown')
  await app.reads('Walter Ashdown')
  await app.follows('Problems')
  await app.sees('Essential hypertension')
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }])).not.toMatch(
    /walter|ashdown|penicillin|0a0001/i,
  )
  expect(world.asked).not.toContain('a query in an address')
  expect(world.asked.join()).not.toMatch(/walter|hypertension/i)
  expect(document.title).not.toMatch(/Walter|Ashdown/)
})

async function admits(app: ReturnType<typeof at>, given: string, family: string, birthDate: string) {
  await app.types('First name', given)
  await app.types('Last name', family)
  await app.user.type(await screen.findByLabelText('Date of birth'), birthDate)
  await app.user.selectOptions(screen.getByLabelText('Sex'), 'Female')
  await app.user.selectOptions(screen.getByLabelText('Facility'), 'Rosewood House')
}

test('a patient is admitted at a facility, with whom to call, and their chart is open', async () => {
  const app = at('/patients')
  await app.follows('Admit a patient')
  await app.reads('Admit a patient')
  await app.presses('Admit')
  expect(await screen.findAllByText('This is needed.')).toHaveLength(5)
  expect(screen.getByLabelText('First name')).toHaveFocus()
  await admits(app, 'Rosa Maria', 'Delacroix', '1944-02-03')
  await app.types('Name of the contact', 'Luc Delacroix')
  await app.types('Room, if it is known', 'Room 7')
  await app.types('Phone of the contact', '+1 555 010 0042')
  await app.presses('Admit')
  await app.reads('Rosa Maria Delacroix')
  await app.sees('No allergies recorded: nobody has said whether there are any')
  // They stay here from now on, and nobody typed it twice.
  expect(JSON.parse(world.records.at(-1)?.text ?? '')).toMatchObject({
    resourceType: 'Encounter',
    location: [{ location: { display: 'Room 7' } }],
  })
  const made = world.records.filter((it) => it.type === 'Patient').at(-1)
  expect(JSON.parse(made?.text ?? '')).toMatchObject({
    resourceType: 'Patient',
    name: [{ family: 'Delacroix', given: ['Rosa', 'Maria'] }],
    gender: 'female',
    birthDate: '1944-02-03',
    contact: [{ name: { text: 'Luc Delacroix' } }],
    managingOrganization: { display: 'Rosewood House' },
  })
})

test('who may be here already is shown before a second chart begins, and can be opened', async () => {
  const app = at('/admit')
  await admits(app, 'Inés', 'Marcheti', '1950-07-01')
  await app.presses('Admit')
  await app.sees(/one of 2 who are here already/)
  expect(world.records.filter((it) => it.type === 'Patient')).toHaveLength(4)
  const likely = screen.getByRole('list', { name: 'Who may be the same person' })
  await app.user.click(within(likely).getByRole('link', { name: 'Inez Marchetti' }))
  await app.reads('Inez Marchetti')
})

test('another person with a like name is admitted once one has said so, and once however often it is sent', async () => {
  const app = at('/admit')
  await admits(app, 'Inés', 'Marcheti', '1950-07-01')
  await app.presses('Admit')
  await app.sees(/already/)
  world.losesAnswers = 1
  await app.presses('It is another person: admit')
  await app.sees(/may or may not have been saved/)
  await app.presses('It is another person: admit')
  await app.reads('Inés Marcheti')
  expect(world.records.filter((it) => it.type === 'Patient')).toHaveLength(5)
})

test('whoever may only read admits nobody', async () => {
  world.memberships[0]?.permissions.splice(2, 1)
  const app = at('/patients')
  await app.reads('Patients')
  expect(screen.queryByRole('link', { name: 'Admit a patient' })).toBeNull()
  await act(() => app.router.navigate({ href: `/c/${CONTEXT}/admit` }))
  await app.reads('There is no such page')
  expect(searches().length).toBeGreaterThan(0)
})
