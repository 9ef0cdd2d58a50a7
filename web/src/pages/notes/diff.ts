export interface Piece {
  kind: 'same' | 'gone' | 'new'
  text: string
}

const MOST = 600

/** How one text became another, word by word; longer ones are shown whole, the old and the new. */
export function wordDiff(was: string, is: string): Piece[] {
  const a = was.split(/(\s+)/).filter(Boolean)
  const b = is.split(/(\s+)/).filter(Boolean)
  if (a.length > MOST || b.length > MOST)
    return [
      { kind: 'gone', text: was },
      { kind: 'new', text: is },
    ]
  // The longest common subsequence, from the end.
  const width = b.length + 1
  const longest = new Uint16Array((a.length + 1) * width)
  const at = (i: number, j: number) => longest[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const pieces: Piece[] = []
  const add = (kind: Piece['kind'], text: string) => {
    const last = pieces.at(-1)
    if (last?.kind === kind) last.text += text
    else pieces.push({ kind, text })
  }
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      add('same', a[i] ?? '')
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) add('gone', a[i++] ?? '')
    else add('new', b[j++] ?? '')
  }
  while (i < a.length) add('gone', a[i++] ?? '')
  while (j < b.length) add('new', b[j++] ?? '')
  return pieces
}
