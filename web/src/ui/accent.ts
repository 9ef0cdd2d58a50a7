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

/** The colour, moved towards black or white until it can be read on the ground. */
function readable(color: string, ground: string, towards: string) {
  const [from, to] = [parse(color), parse(towards)]
  for (let part = 0; part < 1; part += 0.04) {
    const mixed = format(from.map((it, at) => it + ((to[at] ?? 0) - it) * part) as Rgb)
    if (contrast(mixed, ground) >= ENOUGH) return mixed
  }
  return towards
}

/** An organization's colour as it can be used: `deep` under white words and on light grounds, `bright` on dark ones. */
export function accentOf(color: string): { deep: string; bright: string } | null {
  if (!/^#[0-9a-f]{6}$/.test(color)) return null
  return { deep: readable(color, LIGHT, '#000000'), bright: readable(color, DARK, '#ffffff') }
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
