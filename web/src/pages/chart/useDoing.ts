import { startTransition, useState } from 'react'

/**
 * What is being done in a section. Its form is built once the press that asked for it is seen, so that nothing stands
 * still under the finger; done, it is gone at once.
 */
export function useDoing<Doing>(begun: () => Doing | null = () => null) {
  const [doing, setDoing] = useState(begun)
  return {
    doing,
    begin: (what: Doing) => startTransition(() => setDoing(what)),
    done: () => setDoing(null),
  }
}
