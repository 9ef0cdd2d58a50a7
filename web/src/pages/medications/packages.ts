/** Whether what a scanner read is the package of what is ordered, by the rules that the server has too. */

const plain = (text: string) => text.replaceAll(/[^a-z0-9]/gi, '').toUpperCase()

/** A national drug code in eleven digits, of its written forms 4-4-2, 5-3-2, 5-4-1 and 5-4-2. */
function eleven(code: string): string | undefined {
  const found = /^(\d{1,5})-(\d{1,4})-(\d{1,2})$/.exec(code)
  if (!found) return undefined
  const [, labeler = '', product = '', size = ''] = found
  return labeler.padStart(5, '0') + product.padStart(4, '0') + size.padStart(2, '0')
}

/** The ten digits of a drug code that a UPC or a GTIN holds. */
const ten = (read: string) => /^(?:3|03|003)(\d{10})\d$/.exec(read)?.[1]

export function fits(scanned: string, codes: readonly string[]): boolean {
  const all = plain(scanned)
  // GS1: the number of the item comes first, behind its identifier.
  const read = /^01[0-9A-Z]{14}/.test(all) ? all.slice(2, 16) : all
  return (
    read !== '' &&
    codes.some((code) => {
      const known = plain(code)
      return known === read || eleven(code) === read || (known !== '' && ten(read) === known)
    })
  )
}
