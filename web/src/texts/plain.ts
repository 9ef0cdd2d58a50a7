/** Letters without their marks, all small: how words are compared that somebody types to find others. */
export const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Whether every word that was typed is found in a text, in whatever order. */
export function finds(typed: string): (text: string) => boolean {
  const wanted = plain(typed).split(/\s+/).filter(Boolean)
  return (text) => wanted.every((word) => plain(text).includes(word))
}
