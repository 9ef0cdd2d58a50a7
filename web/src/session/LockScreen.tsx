import { Anchor, Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { session as api, signIn } from '@/api/auth'
import { personQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { SignInFlow } from '@/pages/sign-in/SignInFlow'
import { Doorway } from '@/ui/Doorway'
import { tell, useTold } from './channel'
import { enterContext } from './contexts'
import { gate } from './gate'
import { postMemory } from './postMemory'

interface Props {
  reason: 'idle' | 'asked'
  name: string
  email: string
}

/** Stands in place of the pages. Who signs in again is back where they were; someone else begins anew. */
export function LockScreen({ reason, name, email }: Props) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const router = useRouter()
  useTitle(t('lock.title'))

  async function unlock() {
    const session = await api.get()
    const same = session.person.email === email
    cache.clear()
    cache.setQueryData(personQueries.session().queryKey, session)
    if (!same) postMemory.clear()
    if (same) await resume()
    else await router.navigate({ to: '/', search: {} })
    gate.set({ kind: 'open' })
  }

  /** The post may have a new context by now: it is entered before anything is shown again. */
  async function resume() {
    const { href, pathname } = router.latestLocation
    const context = /^\/c\/([^/]+)/.exec(pathname)?.[1]
    const entered = context && (await enterContext(cache, context).catch(() => context))
    if (context && entered && entered !== context)
      await router.navigate({ href: href.replace(context, entered), replace: true })
    else await router.invalidate()
  }

  async function leave() {
    cache.clear()
    postMemory.clear()
    await router.navigate({ to: '/sign-in', search: {} })
    gate.set({ kind: 'open' })
  }

  useTold((message) => {
    if (message.kind === 'signed-in') unlock().catch(() => undefined)
  })

  const { data: people } = useQuery({ ...personQueries.demo(), retry: false })
  const shown = people?.find((it) => it.email === email)
  const asShown = useMutation({
    mutationFn: async (key: string) => {
      await signIn.asDemo(key)
      await unlock()
      tell({ kind: 'signed-in' })
    },
  })

  const here = router.state.location
  return (
    <Doorway
      title={t('lock.title')}
      lead={reason === 'idle' && name ? t('lock.idle', { name }) : t('lock.asked')}
      announce
      foot={
        <Anchor component="button" type="button" onClick={leave}>
          {t('lock.other', { name })}
        </Anchor>
      }
    >
      {shown ? (
        <>
          <ProblemNotice error={asShown.error} />
          <Button loading={asShown.isPending} onClick={() => asShown.mutate(shown.key)} data-autofocus>
            {t('demo.again', { name: shown.name })}
          </Button>
        </>
      ) : (
        <SignInFlow
          email={email}
          returnTo={here.pathname + here.searchStr}
          onDone={async () => {
            await unlock()
            tell({ kind: 'signed-in' })
          }}
        />
      )}
    </Doorway>
  )
}
