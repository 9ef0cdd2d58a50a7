/** What was done with a record. */
export const whats: Record<string, string> = {
  viewed: 'Looked at it',
  searched: 'Found it in a search',
  listed: 'Saw a list that it is on',
  added: 'Added to it',
  changed: 'Changed it',
  deleted: 'Deleted something from it',
  exported: 'Took a copy out',
  imported: 'Brought records in',
  checked: 'Asked who can see it or has seen it',
  related: 'Changed who is linked to it',
  shared: 'Changed what a relative sees of it',
  emergency: 'Opened or closed emergency access',
  moved: 'Moved the record to another facility',
  merged: 'Made one chart of two, or two again',
  reviewed: 'Judged an emergency access',
  managed: 'Changed who may do what',
  kept: 'Backed up or checked all records, or changed their keys',
  other: 'Did something else with it',
}

/** What kind of record it was, by FHIR's types. */
export const recordKinds: Record<string, string> = {
  AdverseEvent: 'incidents',
  AllergyIntolerance: 'allergies',
  Appointment: 'appointments',
  CarePlan: 'care plans',
  CareTeam: 'care team',
  Communication: 'messages',
  Composition: 'notes',
  Condition: 'problems',
  Consent: 'consents',
  Coverage: 'coverage',
  DiagnosticReport: 'results',
  DocumentReference: 'documents',
  Encounter: 'stays',
  Flag: 'alerts',
  Goal: 'goals',
  Immunization: 'immunizations',
  Location: 'rooms',
  Medication: 'medications in the list',
  MedicationAdministration: 'medications given',
  MedicationRequest: 'prescriptions',
  MedicationStatement: 'medications',
  Observation: 'measurements',
  Patient: 'name and details',
  Practitioner: 'staff',
  Procedure: 'procedures',
  QuestionnaireResponse: 'answers of notes',
  RelatedPerson: 'contacts',
  ServiceRequest: 'orders',
  Task: 'tasks',
}

/** Why data was used, by its code of HL7. */
export const purposes: Record<string, string> = {
  TREAT: 'treatment',
  HPAYMT: 'payment',
  HOPERAT: 'running the organization',
  HLEGAL: 'a legal matter',
  PATRQT: 'the patient asked',
  FAMRQT: 'the family asked',
  HSYSADMIN: 'running the system',
  BTG: 'an emergency',
}

export const tieWords: Record<string, string> = {
  'care-team': 'On the care team',
  client: 'Represents the patient',
  referral: 'Referred the patient',
  family: 'Family',
  self: 'The patient',
}
