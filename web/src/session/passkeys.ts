import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser'
import type { Ceremony } from '@/api/types'

/** The browser did not hand out a credential. The key of what to say stands under `problems`. */
export class PasskeyError extends Error {
  override name = 'PasskeyError'
  readonly says: 'passkeyFailed' | 'passkeyUnsupported' | 'passkeyExists'

  constructor(cause: unknown) {
    super('no passkey', { cause })
    const known = cause instanceof WebAuthnError && cause.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED'
    this.says = !browserSupportsWebAuthn() ? 'passkeyUnsupported' : known ? 'passkeyExists' : 'passkeyFailed'
  }
}

async function throughBrowser<T>(ceremony: () => Promise<T>): Promise<T> {
  try {
    return await ceremony()
  } catch (error) {
    throw new PasskeyError(error)
  }
}

export async function askPasskey(ceremony: Ceremony<PublicKeyCredentialRequestOptionsJSON>) {
  const credential = await throughBrowser(() => startAuthentication({ optionsJSON: ceremony.options }))
  return { ceremony: ceremony.ceremony, credential }
}

export async function makePasskey(ceremony: Ceremony<PublicKeyCredentialCreationOptionsJSON>) {
  const credential = await throughBrowser(() => startRegistration({ optionsJSON: ceremony.options }))
  return { ceremony: ceremony.ceremony, credential }
}
