export const enroll = {
  title: 'One more step: a second way to sign in',
  lead: 'A password alone can be stolen. Choose what will confirm that it is really you.',
  passkeyTitle: 'Passkey',
  passkeyText: 'Your fingerprint, face or PIN on this device, or a security key. Nothing to type.',
  totpTitle: 'Authenticator app',
  totpText: 'An app on your phone shows a new code every 30 seconds.',
  recommended: 'Recommended',
  signOut: 'Sign out',
} as const

export const newFactor = {
  totpTitle: 'Set up your authenticator app',
  scan: 'Scan this with the app on your phone.',
  qr: 'QR code for the authenticator app',
  cannotScan: 'Cannot scan? Type this key into the app:',
  copyKey: 'Copy the key',
  copied: 'Copied',
  openApp: 'Open the app on this phone',
  enter: 'Then enter the 6 digits it shows.',
  code: 'Code from the app',
  confirm: 'Confirm',
  smsTitle: 'Codes by text message',
  smsLead:
    'We send a code to your phone when you sign in. An app or a passkey is safer: text messages can be diverted.',
  phone: 'Mobile number',
  phoneHint: 'With the country, such as +1 555 010 0199.',
  phoneWrong: 'Enter the number with its country, such as +1 555 010 0199.',
  send: 'Send a code',
  smsEnter: 'Enter the 6 digits we sent to {{phone}}.',
  smsCode: 'Code from the message',
  passkeyTitle: 'Add a passkey',
  passkeyLead: 'Your browser will ask how to keep it: on this device, on your phone or on a security key.',
  passkeyName: 'Name of the passkey',
  passkeyNameHint: 'So that you recognize it later.',
  create: 'Create the passkey',
  defaultApp: 'Authenticator app',
  defaultPasskey: 'Passkey, {{agent}}',
  defaultPhone: 'Phone ending in {{last}}',
} as const

export const recovery = {
  title: 'Keep your recovery codes',
  lead: 'If you lose your phone or passkey, one of these codes lets you in. Each works once. They are shown only now.',
  copy: 'Copy',
  copied: 'Copied',
  download: 'Download',
  print: 'Print',
  kept: 'I have kept them',
  checkTitle: 'Let us make sure',
  check: 'Look at what you kept and enter code number {{number}}.',
  checkLabel: 'Code number {{number}}',
  wrong: 'That is not code number {{number}}. Look again, or go back to see the codes.',
  done: 'Done',
  showAgain: 'Show the codes again',
  file: 'Lamplight recovery codes. Each works once. Keep them where only you can find them.',
  fileName: 'lamplight-recovery-codes.txt',
  listLabel: 'Recovery codes',
} as const

export const stepUp = {
  title: 'Is it really you?',
  lead: 'Please confirm before we {{action}}.',
  confirm: 'Confirm',
} as const

/** Fits "before we …". */
export const stepUpActions: Record<string, string> = {
  'factor.add': 'add a way to sign in',
  'factor.remove': 'remove a way to sign in',
  'recovery.renew': 'make new recovery codes',
  'password.change': 'change your password',
  'email.change': 'change your e-mail address',
  'sign-out.everywhere': 'sign you out everywhere',
  'person.invite': 'invite someone',
  'person.change': 'change what someone may do',
  'person.end': 'end someone’s access',
  'role.edit': 'change a role',
  'relationship.edit': 'change who is tied to a patient',
  'fields.hide': 'change what a post sees',
  'sharing.approve': 'share a record with a relative',
  'emergency.access': 'open a record in an emergency',
  'emergency.review': 'judge an emergency access',
}
