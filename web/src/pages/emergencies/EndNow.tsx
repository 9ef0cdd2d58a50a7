import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useContextId } from '@/pages/context/useContextId'
import { type Acting, isGone } from './acting'

/** Ends one's own access before its time. */
export function EndNow({ emergency, labelledBy, onDone }: Acting) {
  const { t } = useTranslation()
  const context = useContextId()
  const end = useMutation({
    mutationFn: () => inContext(context).endEmergency(emergency.emergency),
    onSuccess: () => onDone({ how: 'ended', name: emergency.name }),
    onError: (error) => (isGone(error) ? onDone({ how: 'over', name: emergency.name }) : undefined),
  })
  return (
    <div>
      {!isGone(end.error) && <ProblemNotice error={end.error} />}
      <Button
        variant="default"
        aria-describedby={labelledBy}
        loading={end.isPending}
        onClick={() => end.mutate()}
      >
        {t('emergencies.endNow')}
      </Button>
    </div>
  )
}
