import { http } from './http'
import type { Me } from './types'

/** The calls of one context. There is no other way to name a context to the server. */
export function inContext(context: string) {
  return {
    me: () => http.get<Me>('/api/me', { context }),
  }
}
