import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { noteQueries, parseAnswers } from '@/api/notes'
import { useChart } from '@/pages/chart/useChart'
import { Notice } from '@/ui/Notice'
import { linesOf } from './answers'
import type { Kept } from './Keeper'
import { Leftover } from './Leftover'
import { journalIn } from './shelf'

/** Words in the journal of a draft that was signed before they were saved. */
export function LateWords({ draft, note }: { draft: string; note: string }) {
  const { context, id: patient, zone } = useChart()
  const cache = useQueryClient()
  const [journal] = useState(() => journalIn(cache, context))
  const { t } = useTranslation()
  const [added, setAdded] = useState(false)
  const [found, setFound] = useState<{ tabs: string[]; lines: string[] } | null>(null)
  useEffect(() => {
    let here = true
    const look = async () => {
      const entries = await (await journal()).read(draft)
      if (entries.length === 0) return
      const { template } = await cache.ensureQueryData(noteQueries(context).note(note))
      const templates = await cache.ensureQueryData(noteQueries(context).templates())
      const url = template?.split('|')[0]
      const of = templates.find((it) => it.template === template) ?? templates.find((it) => it.url === url)
      const lines = entries.flatMap(({ text }) => {
        const { base, answers } = parseAnswers<Kept>(text)
        return of ? linesOf(of.questionnaire, base, answers, zone) : []
      })
      if (here) setFound({ tabs: entries.map((it) => it.tab), lines: [...new Set(lines)] })
    }
    look().catch(() => undefined)
    return () => {
      here = false
    }
  }, [journal, draft, note, cache, context, zone])
  if (added) return <Notice kind="good">{t('notes.addendumSaved')}</Notice>
  if (!found || found.lines.length === 0) return null
  return (
    <Leftover
      lines={found.lines}
      note={note}
      context={context}
      patient={patient}
      onDone={async (made) => {
        for (const tab of found.tabs) await (await journal()).drop(draft, tab).catch(() => undefined)
        setFound(null)
        setAdded(made)
      }}
    />
  )
}
