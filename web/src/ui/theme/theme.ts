import { Anchor, Button, createTheme, type MantineColorsTuple, PasswordInput, TextInput } from '@mantine/core'
import classes from './theme.module.css'

const pine: MantineColorsTuple = [
  '#eef6f4',
  '#dcebe8',
  '#b9d8d2',
  '#90c1b9',
  '#69aba1',
  '#47938a',
  '#2f7d74',
  '#206961',
  '#17554f',
  '#0e413c',
]

/** Greys with some of the pine in them, from text to ground. */
const dark: MantineColorsTuple = [
  '#e4e8e7',
  '#c3cccb',
  '#a3afb0',
  '#6d7a7d',
  '#465357',
  '#313c40',
  '#20292c',
  '#1a2124',
  '#151c1e',
  '#12181a',
]

/** The look. What of it are CSS variables stands in variables.css, which `npm run theme` writes. */
export const theme = createTheme({
  colors: { pine, dark },
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 6 },
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "Liberation Mono", monospace',
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.125rem', xl: '1.25rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.55', lg: '1.55', xl: '1.55' },
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.75rem', lineHeight: '1.25' },
      h2: { fontSize: '1.25rem', lineHeight: '1.35' },
      h3: { fontSize: '1.0625rem', lineHeight: '1.4' },
    },
  },
  radius: { xs: '3px', sm: '5px', md: '8px', lg: '12px', xl: '20px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Button: Button.extend({
      defaultProps: { size: 'md' },
      classNames: { root: classes.button, label: classes.buttonLabel },
    }),
    TextInput: TextInput.extend({ defaultProps: { size: 'md' } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'md' } }),
  },
})
