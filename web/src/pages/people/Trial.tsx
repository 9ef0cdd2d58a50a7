import { Button, Group, Loader, Stack, Text, VisuallyHidden } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import type { Question } from '@/api/types'
import { useContextId } from '@/pages/context/useContextId'
import { Dialog } from '@/ui/Dialog'
import { GrantProblem } from './faults'
import { OutlookWords } from './OutlookWords'
import './texts'

interface Props {
  title: string
  lead?: string
  question: Question
  save: string
  danger?: boolean
  act(): Promise<void>
  onDone(): Promise<void>
  /** A refusal, which may be the form's to tell. */
  onRefused?(error: unknown): void
  onCancel(): void
}

/** Tells whom a change or an end would affect, and does it when that is what was meant. */
export function Trial({ title, lead, question, save, danger, act, onDone, onRefused, onCancel }: Props) {
  const { t } = useTranslation()
  const context = useContextId()
  const trial = useQuery({
    queryKey: ['context', context, 'what-if', question],
    queryFn: () => inContext(context).whatIf(question),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  })
  const doing = useMutation({ mutationFn: act, onSuccess: onDone, onError: onRefused })
  const refused = useEffectEvent((error: unknown) => onRefused?.(error))
  useEffect(() => {
    if (trial.error) refused(trial.error)
  }, [trial.error])
  return (
    <Dialog title={title} onClose={doing.isPending ? undefined : onCancel} wide>
      <Stack>
        {lead && <Text>{lead}</Text>}
        {trial.isPending && (
          <Group gap="xs" role="status">
            <Loader size="sm" />
            <VisuallyHidden>{t('outlook.waiting')}</VisuallyHidden>
          </Group>
        )}
        {trial.data && <OutlookWords outlook={trial.data} question={question} />}
        <GrantProblem error={trial.error ?? doing.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {danger ? t('common.cancel') : t('outlook.backToForm')}
          </Button>
          <Button
            color={danger ? 'red' : undefined}
            disabled={!trial.data}
            loading={doing.isPending}
            onClick={() => doing.mutate()}
          >
            {save}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
