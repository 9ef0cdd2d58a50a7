/** The parts of oversight, and which permission opens each. */
export const PARTS = [
  ['figures', 'figures.read'],
  ['log', 'audit.report'],
  ['reviews', 'people.review'],
  ['chains', 'people.read'],
  ['records', 'records.keep'],
  ['keeping', 'organization.manage'],
] as const

export type PartKey = (typeof PARTS)[number][0]

/** Those of a post, in order. What it has not is neither in the navigation nor at its address. */
export const partsOf = (permissions: readonly string[]): PartKey[] =>
  PARTS.filter(([, needed]) => permissions.includes(needed)).map(([key]) => key)
