import { MantineProvider } from '@mantine/core'
import { renderToStaticMarkup } from 'react-dom/server'
import { theme } from './theme'

/** Mantine would write these into a style element at run time; a file needs no exception in the CSP. */
test('variables.css is what the theme says (npm run theme writes it)', async () => {
  const html = renderToStaticMarkup(<MantineProvider theme={theme} withGlobalClasses={false} />)
  const css = /<style[^>]*>(.*)<\/style>/s.exec(html)?.[1] ?? ''
  expect(css).not.toContain('&')
  const lines = css.replaceAll(/([{;}])/g, '$1\n').trimEnd()
  await expect(`/* Written by npm run theme from theme.ts. */\n${lines}\n`).toMatchFileSnapshot(
    'variables.css',
  )
})
