import {
  type AuthenticationResponseJSON,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  WebAuthnAbortService,
} from '@simplewebauthn/browser'
import { useEffect, useEffectEvent, useState } from 'react'
import { signIn } from '@/api/auth'

/** A ceremony waits this long at the server at least; a page may stand open longer. */
const RENEW = 4 * 60_000

/** Offers passkeys in the e-mail field's own suggestions. Silent when it cannot. Returns what begins anew. */
export function usePasskeyAutofill(
  finish: (answer: { ceremony: string; credential: AuthenticationResponseJSON }) => Promise<unknown>,
) {
  const [round, setRound] = useState(0)
  const done = useEffectEvent(finish)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks anew
  useEffect(() => {
    let current = true
    async function listen() {
      if (!(await browserSupportsWebAuthnAutofill()) || !current) return
      const { ceremony, options } = await signIn.startPasskey()
      if (!current) return
      const credential = await startAuthentication({ optionsJSON: options, useBrowserAutofill: true })
      if (!current) return
      await done({ ceremony, credential }).catch(() => setRound((n) => n + 1))
    }
    listen().catch(() => undefined)
    const renew = setTimeout(() => setRound((n) => n + 1), RENEW)
    return () => {
      current = false
      clearTimeout(renew)
      WebAuthnAbortService.cancelCeremony()
    }
  }, [round])
  return () => setRound((n) => n + 1)
}
