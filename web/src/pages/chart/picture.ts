import type { Attachment } from '@/api/fhirTypes'

/** The longest side of a photo, in pixels, and the most bytes of it. */
const SIDE = 256
export const MOST_BYTES = 100_000

const QUALITIES = [0.85, 0.7, 0.55, 0.4]
const KINDS = ['image/jpeg', 'image/png']

export class NoPicture extends Error {}
export class TooBig extends Error {}

export const bytesOf = (base64: string): number => Math.floor((base64.replaceAll(/=+$/g, '').length * 3) / 4)

/** A picture as it is kept in a record: a JPEG, small, without what the camera wrote into it. */
export async function shrunk(file: File): Promise<Attachment> {
  if (!KINDS.includes(file.type)) throw new NoPicture('not a JPEG or PNG')
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw new NoPicture('not to be read')
  })
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height, 1))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  const brush = canvas.getContext('2d')
  if (!brush) throw new NoPicture('nothing to draw on')
  // What is transparent would be black in a JPEG.
  brush.fillStyle = '#ffffff'
  brush.fillRect(0, 0, canvas.width, canvas.height)
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  for (const quality of QUALITIES) {
    const data = canvas.toDataURL('image/jpeg', quality).split(',')[1] ?? ''
    if (data && bytesOf(data) <= MOST_BYTES) return { contentType: 'image/jpeg', data }
  }
  throw new TooBig('more than fits')
}

/** Where an `img` finds a photo: only of a kind that is a picture and nothing else. */
export function sourceOf(photos: Attachment[] | undefined): string | undefined {
  const found = photos?.find(
    (it) =>
      it.data &&
      KINDS.includes(it.contentType ?? '') &&
      bytesOf(it.data) <= 1_000_000 &&
      /^[A-Za-z0-9+/=\s]+$/.test(it.data),
  )
  return found && `data:${found.contentType};base64,${found.data?.replaceAll(/\s/g, '')}`
}

/** What stands for a face: the beginning of the first and the last name. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((it) => /^\p{L}/u.test(it))
  const first = [...(words[0] ?? '')][0] ?? ''
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}
