/** Of the demonstration: who may be chosen, by the keys that the server gives them. */
export const demo = {
  title: 'Try Lamplight as…',
  lead: 'Everyone here is invented, and so are their records. Choose someone and look through their eyes.',
  hint: 'To be two people at once, open this address in a second browser or a private window.',
  care: 'Caring for residents',
  office: 'Running the house',
  outside: 'Residents, families and partners',
  more: '{{first}} and {{count}} more',
  own: 'Sign in with an account of your own',
  ownHide: 'Back to the people to try',
  again: 'Go on as {{name}}',
  confirm: 'Confirm',
  proof: 'In the demonstration nobody has a password: confirming is enough.',
} as const

export const demoPeople: Record<string, string> = {
  nurse: 'Finds residents, charts vitals, reads and writes the whole chart of two houses.',
  'care-aide': 'Looks after residents on the floor: reads the chart and charts what was done.',
  physician: 'Sees the residents in her care, and nobody else, in two houses.',
  prescriber: 'Sees the residents she prescribes for.',
  'nurse-and-daughter':
    'A nurse in one house and a daughter in another: two posts, each in a tab of its own.',
  'front-desk': 'Admits residents and keeps their details. Sees nothing clinical.',
  biller: 'Sees diagnoses and coverage in all houses, and no notes or vitals.',
  'facility-administrator': 'Runs two houses: their residents, people and posts.',
  'organization-administrator': 'Everything in the organization: houses, roles, people, settings.',
  executive: 'Sees who works where, and no charts.',
  'privacy-officer': 'Answers for who looked at what, and reviews emergency access.',
  patient: 'Sees their own record, and who looked at it.',
  'family-member': 'Sees what was approved of one resident’s record.',
  attorney: 'Sees the records of two clients.',
  'referring-doctor': 'Sees the residents he referred, and changes nothing.',
  supplier: 'An outside partner without any chart.',
}
