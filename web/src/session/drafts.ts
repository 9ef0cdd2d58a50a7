import { useEffect, useState } from 'react'

/**
 * What is typed and not saved yet: in this tab's memory, so that a lock or the end of a session does not take it. It
 * goes when somebody else takes the tab. Nothing of it is written anywhere.
 */
const kept = new Map<string, unknown>()

export const drafts = {
  has: (key: string) => kept.has(key),
  clear: () => kept.clear(),
}

function stay(event: BeforeUnloadEvent) {
  event.preventDefault()
}

/** The state of a form under a key that names the post, the patient and the form. `clear` begins anew. */
export function useDraft<Value>(
  key: string,
  begin: () => Value,
): { value: Value; change(next: Value): void; clear(): void; begun: boolean } {
  const [value, setValue] = useState<Value>(() => (kept.has(key) ? (kept.get(key) as Value) : begin()))
  const [begun, setBegun] = useState(() => kept.has(key))
  useEffect(() => {
    if (!begun) return
    window.addEventListener('beforeunload', stay)
    return () => window.removeEventListener('beforeunload', stay)
  }, [begun])
  return {
    value,
    begun,
    change(next) {
      kept.set(key, next)
      setBegun(true)
      setValue(next)
    },
    clear() {
      kept.delete(key)
      setBegun(false)
      setValue(begin())
    },
  }
}
