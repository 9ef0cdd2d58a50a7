import { Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Emergency } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { usePlace } from '@/pages/people/usePlace'
import { whenExactly } from '@/texts/when'
import classes from '@/ui/CaseList.module.css'
import { Chip } from '@/ui/Chip'
import type { Said } from './acting'
import { EndNow } from './EndNow'
import { Judge } from './Judge'
import { useRunning } from './useRunning'

interface Props {
  emergency: Emergency
  /** The posts of whoever looks: nobody judges themselves. */
  own: ReadonlySet<number>
  onDone(what: Said): Promise<void>
}

/** Who opened a record, where, when and why, and what was thought of it. */
export function EmergencyCard({ emergency, own, onDone }: Props) {
  const { t } = useTranslation()
  const { me, may } = useMe()
  const { place } = usePlace()
  const running = useRunning(emergency.ends_at)
  const heading = useId()
  const { name, review } = emergency
  const yours = own.has(emergency.membership)
  return (
    <article className={classes.card} aria-labelledby={heading}>
      <div className={classes.head}>
        <Title order={2} id={heading} className={classes.name}>
          {name}
        </Title>
        <div className={classes.chips}>
          {yours && <Chip>{t('emergencies.you')}</Chip>}
          <Chip kind={running ? 'warn' : 'plain'}>
            {t(running ? 'emergencies.running' : 'emergencies.over')}
          </Chip>
          {review ? (
            <Chip kind={review.verdict === 'justified' ? 'good' : 'bad'}>
              {t(`emergencies.${review.verdict}`)}
            </Chip>
          ) : (
            <Chip>{t('emergencies.unreviewed')}</Chip>
          )}
        </div>
      </div>
      <dl className={classes.facts}>
        <Fact term={t('emergencies.whom')}>{t('emergencies.onePatient')}</Fact>
        <Fact term={t('emergencies.where')}>{place(emergency.facility)}</Fact>
        <Fact term={t('emergencies.opened')}>
          <time dateTime={emergency.opened_at}>{whenExactly(emergency.opened_at)}</time>
        </Fact>
        <Fact term={t('emergencies.until')}>
          <time dateTime={emergency.ends_at}>{whenExactly(emergency.ends_at)}</time>
        </Fact>
        <Fact term={t('emergencies.why')} wide>
          <div className={classes.words}>{emergency.reason}</div>
        </Fact>
        {review && (
          <Fact term={t('emergencies.judged')} wide>
            <time dateTime={review.at}>
              {own.has(review.by)
                ? t('emergencies.judgedByYou', { when: whenExactly(review.at) })
                : whenExactly(review.at)}
            </time>
          </Fact>
        )}
        {review?.note && (
          <Fact term={t('emergencies.note')} wide>
            <div className={classes.words}>{review.note}</div>
          </Fact>
        )}
      </dl>
      {!review && yours && may('emergency.review') && <Text c="dimmed">{t('emergencies.notYours')}</Text>}
      {running && emergency.membership === me.membership && may('emergency.access') && (
        <EndNow emergency={emergency} labelledBy={heading} onDone={onDone} />
      )}
      {!review && !yours && may('emergency.review') && (
        <Judge emergency={emergency} labelledBy={heading} onDone={onDone} />
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
