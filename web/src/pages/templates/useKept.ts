import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { write } from '@/api/json'
import { parseAnswers } from '@/api/notes'
import { journalIn } from '@/pages/notes/shelf'
import { drafts } from '@/session/drafts'

const REST = 400

/**
 * What is being changed and not saved: in this tab's memory at once, and sealed in the journal, so that it comes back
 * after a lock, a crash or a closed tab. `base` is what it was made from: kept changes of something older stay apart.
 */
export function useKept<Value>(context: string, memory: string, base: string, begin: () => Value) {
  const cache = useQueryClient()
  const [journal] = useState(() => journalIn(cache, context))
  const [value, setValue] = useState<Value>(() => drafts.recall<Value>(memory) ?? begin())
  const [begun, setBegun] = useState(() => drafts.has(memory))
  const [recovered, setRecovered] = useState(false)
  const touched = useRef(begun)
  const name = `template ${base}`

  useEffect(() => {
    let here = true
    const look = async () => {
      const entries = await (await journal()).read(name)
      const newest = entries.at(-1)
      if (!here || !newest || touched.current) return
      touched.current = true
      const kept = parseAnswers<Value>(newest.text)
      drafts.keep(memory, kept)
      setValue(kept)
      setBegun(true)
      setRecovered(true)
    }
    look().catch(() => undefined)
    return () => {
      here = false
    }
  }, [journal, name, memory])

  useEffect(() => {
    if (!begun) return
    const put = async () => (await journal()).put(name, write(value), Date.now())
    const timer = setTimeout(() => void put().catch(() => undefined), REST)
    return () => clearTimeout(timer)
  }, [value, begun, journal, name])

  const change = useCallback(
    (next: Value | ((before: Value) => Value)) => {
      touched.current = true
      setBegun(true)
      setValue((before) => {
        const made = typeof next === 'function' ? (next as (before: Value) => Value)(before) : next
        drafts.keep(memory, made)
        return made
      })
    },
    [memory],
  )
  return {
    value,
    begun,
    recovered,
    change,
    async clear() {
      drafts.forget(memory)
      touched.current = false
      setBegun(false)
      setRecovered(false)
      setValue(begin())
      const kept = await journal().catch(() => null)
      for (const { tab } of (await kept?.read(name).catch(() => [])) ?? [])
        await kept?.drop(name, tab).catch(() => undefined)
    },
  }
}
