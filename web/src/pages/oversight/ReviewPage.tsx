import { Button, Checkbox, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { overseeing, oversightQueries, type ReviewPost } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Rows } from '@/ui/Section'
import classes from './Oversight.module.css'
import { ReviewLine } from './ReviewLine'
import { useReviewProblems } from './useReviewProblems'

/** What waits for somebody: a post that ended meanwhile as well, so that the record is whole. */
const waits = (it: ReviewPost) => !it.verdict

/** One review: every post is decided about, then it is signed. */
export function ReviewPage({ id, onBack }: { id: string; onBack(): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const problems = useReviewProblems()
  const query = oversightQueries(context).review(id)
  const { data, error } = useQuery(query)
  const [onlyOpen, setOnlyOpen] = useState(true)
  const [ending, setEnding] = useState<ReviewPost | null>(null)
  const [busy, setBusy] = useState<number | 'sign' | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  useTitle(t('oversight.reviewsTitle'))

  async function act(what: number | 'sign', doing: () => Promise<unknown>) {
    setBusy(what)
    setProblem(null)
    try {
      await doing()
      setEnding(null)
    } catch (failed) {
      setProblem(failed)
    } finally {
      await cache.invalidateQueries({ queryKey: query.queryKey })
      setBusy(null)
    }
  }
  const decide = (it: ReviewPost, verdict: 'kept' | 'ended') =>
    act(it.membership, () => overseeing(context).decide(id, it.membership, verdict))
  const back = (
    <Button variant="subtle" size="sm" onClick={onBack}>
      {t('oversight.back')}
    </Button>
  )
  if (!data)
    return (
      <Stack gap="lg">
        <div>{back}</div>
        <ProblemNotice error={error} />
        {!error && <Text role="status">{t('oversight.loading')}</Text>}
      </Stack>
    )
  const left = data.people.filter(waits)
  const signed = data.signed_at !== null
  const shown = onlyOpen && !signed ? left : data.people
  return (
    <Stack gap="lg">
      <PageHead
        back={back}
        title={t('oversight.reviewOf', { name: data.facility_name })}
        lead={t('oversight.reviewLead', { name: data.started_by, when: when(data.started_at) })}
      />
      <ProblemNotice error={error ?? problem} instead={problems} />
      {signed ? (
        <Notice kind="good">
          {t('oversight.signedBy', { name: data.signed_by ?? '', when: when(data.signed_at ?? '') })}
        </Notice>
      ) : (
        <div className={classes.row}>
          <Text role="status">
            {left.length > 0 ? t('oversight.signWaits', { count: left.length }) : t('oversight.signLead')}
          </Text>
          <Button
            disabled={left.length > 0}
            loading={busy === 'sign'}
            onClick={() => act('sign', () => overseeing(context).sign(id))}
          >
            {t('oversight.sign')}
          </Button>
          <Checkbox
            label={t('oversight.onlyOpen')}
            checked={onlyOpen}
            onChange={(event) => setOnlyOpen(event.currentTarget.checked)}
          />
        </div>
      )}
      {shown.length === 0 ? (
        <Text c="dimmed">{t('oversight.noPosts')}</Text>
      ) : (
        <Rows>
          {shown.map((it) => (
            <ReviewLine
              key={it.membership}
              post={it}
              open={!signed}
              busy={busy === it.membership}
              onKeep={() => decide(it, 'kept')}
              onEnd={() => setEnding(it)}
            />
          ))}
        </Rows>
      )}
      {ending && (
        <Dialog title={t('oversight.reallyEnd', { name: ending.name })} onClose={() => setEnding(null)}>
          <Stack gap="md">
            <Text>{t('oversight.reallyEndText')}</Text>
            {ending.below > 0 && (
              <Notice kind="warn">{t('oversight.belowIt', { count: ending.below })}</Notice>
            )}
            <ProblemNotice error={problem} instead={problems} />
            <div className={classes.row}>
              <Button
                color="red"
                loading={busy === ending.membership}
                onClick={() => decide(ending, 'ended')}
              >
                {t('oversight.endIt')}
              </Button>
              <Button variant="default" onClick={() => setEnding(null)}>
                {t('common.cancel')}
              </Button>
            </div>
          </Stack>
        </Dialog>
      )}
    </Stack>
  )
}
