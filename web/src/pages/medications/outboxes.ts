import type { QueryClient } from '@tanstack/react-query'
import { http } from '@/api/http'
import { type Dose, medicationQueries, medicationsIn, type Pass } from '@/api/medications'
import type { Me } from '@/api/types'
import { journalIn } from '@/pages/notes/shelf'
import { drafts } from '@/session/drafts'
import { isKept } from '@/session/journal'
import { withTold } from './doses'
import { type Kept, Outbox, type Shelf } from './Outbox'

/** What the journal calls them. */
const NAME = 'doses'
/** After the last that the server answered, everything is looked up anew: what it changes elsewhere is the server's to say. */
const SETTLE = 1_500

function shelfOf(cache: QueryClient, context: string, memory: string): Shelf {
  const journal = journalIn(cache, context)
  const parsed = (text: string) => JSON.parse(text) as Kept[]
  return {
    hold: (items) => (items.length > 0 ? drafts.keep(memory, items) : drafts.forget(memory)),
    held: () => drafts.recall<readonly Kept[]>(memory) ?? [],
    put: async (items) => (await journal()).put(NAME, JSON.stringify(items), http.now()),
    read: async () => {
      const entries = await (await journal()).read(NAME)
      return entries.map(({ tab, text }) => ({ tab, items: parsed(text) }))
    },
    drop: async (tab) => (await journal()).drop(NAME, tab),
  }
}

let current: { post: string; context: string; outbox: Outbox } | undefined

/** The outbox of a post: one in this tab, which goes on with its work whatever page is shown. */
export function outboxOf(cache: QueryClient, context: string, me: Me): Outbox {
  const post = `${me.organization.slug}/${me.membership}/doses`
  if (current?.post === post && current.context === context && !current.outbox.isStopped)
    return current.outbox
  current?.outbox.stop()
  const queries = medicationQueries(context)
  let settling: ReturnType<typeof setTimeout> | undefined
  const desk = {
    send: (doses: readonly Dose[]) => medicationsIn(context).send(doses),
    told({ dose }: Kept, told: Parameters<typeof withTold>[2]) {
      cache.setQueriesData<Pass>({ queryKey: queries.passes }, (pass) => pass && withTold(pass, dose, told))
      clearTimeout(settling)
      settling = setTimeout(() => cache.invalidateQueries({ queryKey: queries.all }), SETTLE)
    },
  }
  const outbox = new Outbox(desk, shelfOf(cache, context, post), () => http.now())
  current = { post, context, outbox }
  outbox.start()
  return outbox
}

/** What was left on this device without a network is sent, whichever page is opened next. */
export async function resume(cache: QueryClient, context: string, me: Me): Promise<void> {
  if (await isKept(NAME).catch(() => false)) outboxOf(cache, context, me)
}

/** Tests begin without one. */
export function forgetOutbox() {
  current?.outbox.stop()
  current = undefined
}
