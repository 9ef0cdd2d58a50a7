/** What an answer demands to be said with what it shows, by the context it was shown in. It stays as long as the tab. */
class Notices {
  private seen = new Map<string, string>()
  private listeners = new Set<() => void>()

  note(context: string, text: string | null) {
    if (!text || this.seen.get(context) === text) return
    this.seen.set(context, text)
    for (const listener of this.listeners) listener()
  }

  of(context: string): string | null {
    return this.seen.get(context) ?? null
  }

  forget() {
    this.seen.clear()
    for (const listener of this.listeners) listener()
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }
}

export const notices = new Notices()
