import { Button, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { ApiError } from '@/api/errors'
import type { SupportRequest } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { whenExactly } from '@/texts/when'
import classes from '@/ui/CaseList.module.css'
import { Chip } from '@/ui/Chip'
import { Decide } from './Decide'

/** What came of an act. */
export interface Said {
  how: 'approved' | 'refused' | 'ended' | 'gone'
  name: string
}

interface Props {
  request: SupportRequest
  onDone(what: Said): Promise<void>
}

const chips = {
  waiting: 'warn',
  running: 'warn',
  lapsed: 'plain',
  withdrawn: 'plain',
  refused: 'bad',
  over: 'plain',
} as const
const isGone = (error: unknown) => error instanceof ApiError && error.status === 404

/** Who asks to see what, why, and what came of it. */
export function SupportCard({ request, onDone }: Props) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const heading = useId()
  const { by: name, granted, decided } = request
  const end = useMutation({
    mutationFn: () => inContext(context).endSupport(request.request),
    onSuccess: () => onDone({ how: 'ended', name }),
    onError: (error) => (isGone(error) ? onDone({ how: 'gone', name }) : undefined),
  })
  const moment = (at: string) => <time dateTime={at}>{whenExactly(at)}</time>
  return (
    <article className={classes.card} aria-labelledby={heading}>
      <div className={classes.head}>
        <Title order={2} id={heading} className={classes.name}>
          {name}
        </Title>
        <div className={classes.chips}>
          <Chip kind={chips[request.state]}>{t(`support.state_${request.state}`)}</Chip>
        </div>
      </div>
      <dl className={classes.facts}>
        <Fact term={t('support.asked')}>{moment(request.asked_at)}</Fact>
        <Fact term={t('support.length')}>
          {t('support.minutes', { count: granted?.minutes ?? request.minutes })}
        </Fact>
        <Fact term={t('support.what')}>
          {t((granted?.write ?? request.write) ? 'support.change' : 'support.look')}
        </Fact>
        {granted && <Fact term={t('support.whose')}>{granted.for}</Fact>}
        {granted && !request.ended_at && <Fact term={t('support.until')}>{moment(granted.ends_at)}</Fact>}
        {request.ended_at && <Fact term={t('support.ended')}>{moment(request.ended_at)}</Fact>}
        {decided && (
          <Fact term={t('support.decided')}>
            {t('support.decidedBy', { when: whenExactly(decided.at), name: decided.by })}
          </Fact>
        )}
        {granted && <Fact term={t('support.events')}>{granted.events}</Fact>}
        <Fact term={t('support.why')} wide>
          <div className={classes.words}>{request.reason}</div>
        </Fact>
      </dl>
      {request.state === 'waiting' && may('organization.manage') && (
        <Decide request={request} labelledBy={heading} onDone={onDone} />
      )}
      {request.state === 'running' && may('organization.manage') && (
        <div>
          {!isGone(end.error) && <ProblemNotice error={end.error} />}
          <Button
            variant="default"
            aria-describedby={heading}
            loading={end.isPending}
            onClick={() => end.mutate()}
          >
            {t('support.end')}
          </Button>
        </div>
      )}
    </article>
  )
}

function Fact({ term, wide = false, children }: { term: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? classes.wide : undefined}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
