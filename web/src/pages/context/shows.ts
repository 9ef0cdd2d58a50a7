/** Whose pages a post has. What it has not is neither in the navigation nor at its address. */
export const showsPatients = (permissions: readonly string[]) =>
  permissions.includes('chart.search') && permissions.includes('chart.read')

export const showsPeople = (permissions: readonly string[]) => permissions.includes('people.read')

export const showsSupport = (permissions: readonly string[]) =>
  permissions.includes('organization.manage') || permissions.includes('audit.report')

export const showsEmergencies = (permissions: readonly string[]) =>
  permissions.includes('emergency.review') || permissions.includes('emergency.access')

export const showsMedications = (permissions: readonly string[]) =>
  permissions.includes('medications.give') && permissions.includes('chart.search')

export const showsExports = (permissions: readonly string[]) => permissions.includes('chart.export')

export const showsImports = (permissions: readonly string[]) => permissions.includes('sheets.import')

export const showsShift = (permissions: readonly string[]) =>
  permissions.includes('shift.work') && permissions.includes('chart.search')

export const showsTemplates = (permissions: readonly string[]) => permissions.includes('templates.edit')

const OVERSIGHT = ['figures.read', 'audit.report', 'people.review', 'records.keep', 'organization.manage']

export const showsOversight = (permissions: readonly string[]) =>
  OVERSIGHT.some((it) => permissions.includes(it))

/** Who follows somebody of their family. */
export const isRelative = (ties: readonly { kind: string }[]) => ties.some((it) => it.kind === 'family')

/** Who comes for one record is taken to it, and who works a shift, without administering the house, to that. */
export function firstPage({ kind, permissions }: { kind: string; permissions: readonly string[] }) {
  if (kind === 'portal' && showsPatients(permissions)) return '/c/$context/patients'
  const works = showsShift(permissions) && !permissions.includes('organization.manage')
  return works ? '/c/$context/shift' : '/c/$context/'
}
