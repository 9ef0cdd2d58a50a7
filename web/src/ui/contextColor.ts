/** Deep enough for white text (4.5:1 or better) and far enough apart to tell two tabs by. */
const colors: Record<string, string> = {
  teal: '#0b655d',
  cyan: '#0b6178',
  blue: '#1a5a9e',
  indigo: '#3b4aa3',
  violet: '#5f3ab0',
  grape: '#7f3394',
  pink: '#a02a5c',
  red: '#a32c2c',
  orange: '#9b430c',
  yellow: '#72560a',
  lime: '#47690f',
  green: '#216a37',
  gray: '#46515a',
}

/** A name that is not known gets one of the colours, always the same. */
export function contextColor(name: string): string {
  const known = Object.hasOwn(colors, name) ? colors[name] : undefined
  if (known) return known
  const all = Object.values(colors)
  const sum = [...name].reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7)
  return all[sum % all.length] ?? '#46515a'
}
