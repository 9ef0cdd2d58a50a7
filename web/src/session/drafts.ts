import { useEffect, useState } from 'react'

/**
 * What is typed and not saved yet: in this tab's memory, so that a lock or the end of a session does not take it. It
 * goes when somebody else takes the tab. Nothing of it is written anywhere.
 */
const kept = new Map<string, unknown>()
/** By what a draft's sending is known to the server: sent again unchanged it is the same. */
const attempts = new Map<string, Map<string, unknown>>()

export const drafts = {
  has: (key: string) => kept.has(key),
  any: () => kept.size > 0,
  keep: (key: string, value: unknown) => void kept.set(key, value),
  recall: <Value>(key: string) => kept.get(key) as Value | undefined,
  forget: (key: string) => void kept.delete(key),
  clear: () => {
    kept.clear()
    attempts.clear()
  },
}

function stay(event: BeforeUnloadEvent) {
  event.preventDefault()
}

/** The state of a form under a key that names the post, the patient and the form. `clear` begins anew. */
export function useDraft<Value>(
  key: string,
  begin: () => Value,
): {
  value: Value
  begun: boolean
  change(next: Value): void
  /** What was made for these words when they were first sent. */
  attempt<Made>(words: string, make: () => Made): Made
  clear(): void
} {
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
    attempt<Made>(words: string, make: () => Made) {
      const before = attempts.get(key) ?? new Map<string, unknown>()
      attempts.set(key, before)
      if (!before.has(words)) before.set(words, make())
      return before.get(words) as Made
    },
    clear() {
      kept.delete(key)
      attempts.delete(key)
      setBegun(false)
      setValue(begin())
    },
  }
}
