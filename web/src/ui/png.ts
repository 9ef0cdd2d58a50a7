/** Where an `img` finds a PNG that came as base64. */
export const pngOf = (base64: string | null | undefined): string | undefined =>
  base64 && /^[A-Za-z0-9+/=]+$/.test(base64) ? `data:image/png;base64,${base64}` : undefined
