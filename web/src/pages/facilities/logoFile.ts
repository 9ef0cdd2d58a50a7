/** The largest that is kept, in points, and the most bytes of it. */
const WIDTH = 320
const HEIGHT = 96
const MOST_BYTES = 32 * 1024
const SCALES = [1, 0.75, 0.5, 0.35]

export class NoPicture extends Error {}

/** A picture as a logo: a small PNG in base64, drawn anew, so that nothing else of the file goes along. */
export async function logoOf(file: File): Promise<string> {
  const url = URL.createObjectURL(file)
  try {
    const picture = new Image()
    picture.src = url
    await picture.decode().catch(() => {
      throw new NoPicture('not to be read')
    })
    const { naturalWidth, naturalHeight } = picture
    const fits = Math.min(1, WIDTH / Math.max(naturalWidth, 1), HEIGHT / Math.max(naturalHeight, 1))
    for (const scale of SCALES) {
      const canvas = document.createElement('canvas')
      canvas.width = Math.max(1, Math.round(naturalWidth * fits * scale))
      canvas.height = Math.max(1, Math.round(naturalHeight * fits * scale))
      canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
      const data = canvas.toDataURL('image/png').split(',')[1] ?? ''
      if (data && (data.length * 3) / 4 <= MOST_BYTES) return data
    }
    throw new NoPicture('more than fits')
  } finally {
    URL.revokeObjectURL(url)
  }
}
