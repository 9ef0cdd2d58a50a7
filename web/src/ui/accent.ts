import { useEffect } from 'react'

/** The grounds that text stands on (tokens.css), the hardest of each look. */
const LIGHT = '#f4f2ed'
const DARK = '#283337'
/** WCAG 2.2, 1.4.3. */
const ENOUGH = 4.5

type Rgb = [number, number, number]

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb
const format = (color: Rgb) => `#${color.map((it) => Math.round(it).toString(16).padStart(2, '0')).join('')}`

/** WCAG 2.2, relative luminance. */
function luminance(color: Rgb) {
  const [red, green, blue] = color.map((it) => {
    const part = it / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** WCAG 2.2, contrast ratio of two `#rrggbb`. */
export function contrast(one: string, other: string) {
  const [a, b] = [luminance(parse(one)), luminance(parse(other))]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** So much of `other` mixed into a colour. */
function mixed(color: string, other: string, part: number) {
  const to = parse(other)
  return format(parse(color).map((it, at) => it + ((to[at] ?? 0) - it) * part) as Rgb)
}

/** The ground of what is chosen: some of the colour in a white one (tokens.css). */
export const tint = (color: string) => mixed('#ffffff', color, 0.15)

/** The colour, moved towards black or white until it can be read. */
function moved(color: string, towards: string, isRead: (color: string) => boolean) {
  for (let part = 0; part < 1; part += 0.04) {
    const next = mixed(color, towards, part)
    if (isRead(next)) return next
  }
  return towards
}

/** An organization's colour as it can be used: `deep` under white words and on light grounds, `bright` on dark ones. */
export function accentOf(color: string): { deep: string; bright: string } | null {
  if (!/^#[0-9a-f]{6}$/.test(color)) return null
  const onLight = (it: string) => contrast(it, LIGHT) >= ENOUGH && contrast(it, tint(it)) >= ENOUGH
  const onDark = (it: string) => contrast(it, DARK) >= ENOUGH
  return { deep: moved(color, '#000000', onLight), bright: moved(color, '#ffffff', onDark) }
}

/** Links and buttons in the organization's colour, for as long as this is shown. */
export function useAccent(color: string) {
  useEffect(() => {
    const accent = accentOf(color)
    if (!accent) return
    const { dataset, style } = document.documentElement
    style.setProperty('--accent-deep', accent.deep)
    style.setProperty('--accent-bright', accent.bright)
    dataset.accent = ''
    return () => {
      delete dataset.accent
      style.removeProperty('--accent-deep')
      style.removeProperty('--accent-bright')
    }
  }, [color])
}
