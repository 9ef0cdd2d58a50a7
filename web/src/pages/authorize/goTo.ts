/** Leaves the app for the client. Its address comes from the server; a script is never an address to go to. */
export function goTo(address: string) {
  const { protocol } = new URL(address)
  if (protocol === 'javascript:' || protocol === 'data:' || protocol === 'blob:')
    throw new Error('no address')
  window.location.assign(address)
}
