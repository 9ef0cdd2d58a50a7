/** What jsdom's files lack: their bytes and their words. */
function read<Result>(blob: Blob, as: 'readAsArrayBuffer' | 'readAsText') {
  return new Promise<Result>((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as Result)
    reader.onerror = () => reject(reader.error)
    reader[as](blob)
  })
}

Blob.prototype.arrayBuffer ??= async function (this: Blob) {
  // jsdom's buffers are of another realm, and Node's cryptography takes its own alone.
  const bytes = new Uint8Array(await read<ArrayBuffer>(this, 'readAsArrayBuffer'))
  return Buffer.from(bytes) as unknown as ArrayBuffer
}
Blob.prototype.text ??= function (this: Blob) {
  return read<string>(this, 'readAsText')
}
