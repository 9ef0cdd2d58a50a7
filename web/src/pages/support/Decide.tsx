import { Button, Checkbox, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { SupportRequest } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import type { Said } from './SupportCard'

const LENGTHS = [5, 15, 30, 60, 120, 240]

interface Props {
  request: SupportRequest
  /** The id of the heading that names it. */
  labelledBy: string
  onDone(what: Said): Promise<void>
}

/** Whose view is shared, and for how long: what was asked, or less. */
export function Decide({ request, labelledBy, onDone }: Props) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const { by: name } = request
  const [typed, setTarget] = useState(request.wanted ? String(request.wanted) : '')
  const [minutes, setMinutes] = useState(String(request.minutes))
  const [write, setWrite] = useState(false)
  const [tried, setTried] = useState(false)
  const people = useQuery({ ...contextQueries(context).people(), enabled: may('people.read') })
  const staff = (people.data?.people ?? []).filter((it) => it.kind === 'staff' && it.state === 'active')
  // What support named may be nobody's here: nothing is shared that the list does not show.
  const shown = !may('people.read') || staff.some((it) => String(it.membership) === typed)
  const target = shown ? typed : ''

  const approve = useMutation({
    mutationFn: () =>
      inContext(context).approveSupport(request.request, {
        membership: Number(target),
        minutes: Number(minutes),
        write,
      }),
    onSuccess: () => onDone({ how: 'approved', name }),
  })
  const refuse = useMutation({
    mutationFn: () => inContext(context).refuseSupport(request.request),
    onSuccess: () => onDone({ how: 'refused', name }),
  })
  const missing = !/^[1-9]\d{0,8}$/.test(target)
  const error = tried && missing ? t('support.targetMissing') : undefined
  const lengths = [...new Set([...LENGTHS.filter((it) => it < request.minutes), request.minutes])]
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset needs a legend, and its name is the heading above
    <div role="group" aria-labelledby={labelledBy} className={classes.decide}>
      <Stack gap="sm" className={classes.fields}>
        {may('people.read') ? (
          <NativeSelect
            size="md"
            label={t('support.target')}
            value={target}
            error={error}
            onChange={(event) => setTarget(event.currentTarget.value)}
            data={[
              { value: '', label: t('support.choose') },
              ...staff.map((it) => ({ value: String(it.membership), label: `${it.name} · ${it.role}` })),
            ]}
          />
        ) : (
          <TextInput
            size="md"
            inputMode="numeric"
            label={t('support.targetNumber')}
            value={target}
            error={error}
            onChange={(event) => setTarget(event.currentTarget.value.trim())}
          />
        )}
        <NativeSelect
          size="md"
          label={t('support.length')}
          value={minutes}
          onChange={(event) => setMinutes(event.currentTarget.value)}
          data={lengths.map((it) => ({
            value: String(it),
            label: t('support.minutes', { count: it }),
          }))}
        />
        {request.write && (
          <Checkbox
            label={t('support.grantWrite')}
            checked={write}
            onChange={(event) => setWrite(event.currentTarget.checked)}
          />
        )}
        <ProblemNotice error={approve.error ?? refuse.error} />
        <div className={classes.buttons}>
          {/* Neither is the one to begin with. */}
          <Button
            variant="default"
            aria-describedby={labelledBy}
            loading={approve.isPending}
            disabled={refuse.isPending}
            onClick={() => {
              setTried(missing)
              if (!missing) approve.mutate()
            }}
          >
            {t('support.approve')}
          </Button>
          <Button
            variant="default"
            aria-describedby={labelledBy}
            loading={refuse.isPending}
            disabled={approve.isPending}
            onClick={() => refuse.mutate()}
          >
            {t('support.refuse')}
          </Button>
        </div>
      </Stack>
    </div>
  )
}
