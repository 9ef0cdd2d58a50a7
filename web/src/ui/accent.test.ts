import { accentOf, contrast, tint } from './accent'

test('black on white is 21 to 1, and a colour on itself 1', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#7a4b12', '#7a4b12')).toBe(1)
})

test('whatever an organization chooses can be read, light and dark', () => {
  const steps = ['00', '33', '66', '99', 'cc', 'ff']
  for (const red of steps)
    for (const green of steps)
      for (const blue of steps) {
        const accent = accentOf(`#${red}${green}${blue}`)
        for (const ground of ['#ffffff', '#f4f2ed', '#faf9f6', tint(accent?.deep ?? '')])
          expect(contrast(accent?.deep ?? '', ground)).toBeGreaterThanOrEqual(4.5)
        for (const ground of ['#12181a', '#1a2124', '#1f282b', '#283337'])
          expect(contrast(accent?.bright ?? '', ground)).toBeGreaterThanOrEqual(4.5)
      }
})

test('a colour that can be read stays as it is; what is none is not used', () => {
  expect(accentOf('#7a4b12')?.deep).toBe('#7a4b12')
  expect(accentOf('red; background: url(x)')).toBeNull()
})
