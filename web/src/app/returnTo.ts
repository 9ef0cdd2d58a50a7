/** A path of this app to go back to, or '/'. Never another origin, never back to a page of signing in. */
export function safeReturn(path: unknown, origin = window.location.origin): string {
  if (typeof path !== 'string' || !path.startsWith('/')) return '/'
  let url: URL
  try {
    url = new URL(path, origin)
  } catch {
    return '/'
  }
  if (url.origin !== origin || /^\/(sign-in|enroll|forgot|reset|email|invitation)\b/.test(url.pathname))
    return '/'
  return url.pathname + url.search
}
