import { notesIn } from '@/api/notes'

/** Fetched with the post's context and saved as a file: nothing of it stands in an address. */
export async function savePdf(context: string, note: string): Promise<void> {
  const address = URL.createObjectURL(await notesIn(context).pdf(note))
  const link = document.createElement('a')
  link.href = address
  link.download = 'note.pdf'
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
