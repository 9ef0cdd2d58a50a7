export const common = {
  product: 'Lamplight',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back',
  tryAgain: 'Try again',
  loading: 'One moment…',
  email: 'E-mail address',
  password: 'Password',
  posts: 'Your posts',
  skip: 'Skip to the content',
  offline:
    'This device is offline. What you see may be out of date, and nothing can be saved until the connection is back.',
  unreachable: 'Lamplight cannot be reached at the moment. Nothing can be saved until it answers again.',
  appearance: 'Appearance',
  light: 'Light',
  dark: 'Dark',
  auto: 'As the device',
} as const

export const problems = {
  unknown: 'Something went wrong. Please try again; if it stays so, tell your administrator.',
  unreachable: 'Lamplight could not be reached. Check the connection and try again.',
  wait: 'Too many attempts. Please wait {{wait}} and try again.',
  waitOver: 'You can try again now.',
  seconds_one: '{{count}} second',
  seconds_other: '{{count}} seconds',
  minutes_one: '{{count}} minute',
  minutes_other: '{{count}} minutes',
  'sign-in-failed': 'That did not match. Check the e-mail address and the password and try again.',
  'wrong-code': 'That code did not match. Codes change every 30 seconds: try the one shown now.',
  'link-ended': 'This link no longer works: it was used already, replaced by a newer one, or is too old.',
  'last-administrator':
    'The organization would be left without an administrator. Make somebody else one first.',
  'emergency-refused': 'This emergency access is over, or not yours.',
  'emergency-suspended':
    'An emergency access of yours has waited too long for its review, so you cannot open another. Speak with your privacy officer.',
  'purpose-refused': 'This post may not use records for that.',
  'purpose-unknown': 'The purpose asked for is not known.',
  'already-read': 'This month is fixed already.',
  'month-running': 'This month is not over.',
  'support-waiting': 'A request of yours waits there. Withdraw it first.',
  'support-decided': 'This request was decided or withdrawn already, or it was asked too long ago.',
  'already-corrected': 'A correction has taken the place of this note already.',
  'template-unknown': 'There is no such template any more.',
  'already-reviewed': 'Somebody has judged this already.',
  'last-factor': 'This is your only second way of signing in, and one is required. Add another first.',
  'password-too-short': 'This password is too short: it needs at least {{min}} characters.',
  'password-too-long': 'This password is too long: at most {{max}} characters.',
  'password-breached':
    'This password is in a list of stolen passwords from other sites, so it would be tried first. Please choose a different one.',
  'password-guessable':
    'This password follows a pattern, or is your own name or address, so it is easily guessed. Please choose a different one.',
  'step-up-failed': 'That did not match. Please try again.',
  'step-up-required': 'We could not confirm that it is you. Please try again.',
  passkeyFailed: 'The passkey was not used. Try again, or choose another way.',
  passkeyUnsupported: 'This browser cannot use passkeys. Choose another way.',
  passkeyExists: 'This device already has a passkey for your account.',
  forbidden: 'You are not allowed to do this.',
} as const

export const errorPages = {
  notFoundTitle: 'There is no such page',
  notFound: 'The address may be mistyped, or the page may have moved.',
  toPosts: 'Go to your posts',
  brokenTitle: 'This page could not be shown',
  mismatchTitle: 'Lamplight has stopped this tab',
  mismatch:
    'An answer came for another post than the one this tab works in. To be safe, nothing of it is shown. Close this tab and open your post again; please tell your administrator that this happened.',
  contextGoneTitle: 'This post is not open any more',
  contextGone: 'You were signed out of it, or it has ended. Choose where you want to work.',
  accessEndedTitle: 'You cannot open this post',
  accessEnded: 'It has ended or is not yours. If you expected it, ask your administrator.',
} as const
