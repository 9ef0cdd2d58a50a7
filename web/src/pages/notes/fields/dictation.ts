import { useEffect, useRef, useState } from 'react'

/**
 * Speech that is understood on this device. Where the browser would send it elsewhere there is no button: the device's
 * own dictation works in every field anyway.
 */
interface Recognition extends EventTarget {
  lang: string
  continuous: boolean
  interimResults: boolean
  processLocally: boolean
  start(): void
  stop(): void
  abort(): void
}
interface Recognizer {
  new (): Recognition
  prototype: object
  available?(asked: { langs: string[]; processLocally: boolean }): Promise<string>
}
interface Heard extends Event {
  resultIndex: number
  results: ArrayLike<{ isFinal: boolean; 0: { transcript: string } }>
}

const LANGUAGE = 'en-US'
let known: Promise<Recognizer | null> | undefined

async function look(): Promise<Recognizer | null> {
  const there = (window as { SpeechRecognition?: Recognizer }).SpeechRecognition
  if (!there?.available || !('processLocally' in there.prototype)) return null
  const answer = await there.available({ langs: [LANGUAGE], processLocally: true }).catch(() => 'unavailable')
  return answer === 'available' ? there : null
}

export function useDictation(onWords: (words: string) => void) {
  const [Recognizer, setRecognizer] = useState<Recognizer | null>(null)
  const [listening, setListening] = useState<Recognition | null>(null)
  const hear = useRef(onWords)
  hear.current = onWords
  useEffect(() => {
    let here = true
    known ??= look()
    known.then((it) => here && setRecognizer(() => it))
    return () => {
      here = false
    }
  }, [])
  useEffect(() => () => listening?.abort(), [listening])
  return {
    available: Recognizer !== null,
    listening: listening !== null,
    toggle() {
      if (listening) return listening.stop()
      if (!Recognizer) return
      const recognition = new Recognizer()
      recognition.lang = LANGUAGE
      recognition.continuous = true
      recognition.interimResults = false
      recognition.processLocally = true
      recognition.addEventListener('result', (event) => {
        const { resultIndex, results } = event as Heard
        for (let i = resultIndex; i < results.length; i++)
          if (results[i]?.isFinal) hear.current(results[i]?.[0].transcript.trim() ?? '')
      })
      recognition.addEventListener('end', () => setListening(null))
      recognition.start()
      setListening(recognition)
    },
  }
}
