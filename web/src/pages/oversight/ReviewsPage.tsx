import { Button, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { overseeing, oversightQueries, type Reviews } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { ReviewPage } from './ReviewPage'
import { useReviewProblems } from './useReviewProblems'

/** How long a review may take that is begun here. */
const FORTNIGHT = 14 * 86_400_000

/** Reviews of who has access: what is due, under way and signed. */
export function ReviewsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const problems = useReviewProblems()
  const query = oversightQueries(context).reviews()
  const { data, error } = useQuery(query)
  const [open, setOpen] = useState<string | null>(null)
  const [starting, setStarting] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  useTitle(t('oversight.reviewsTitle'))

  async function start(facility: string) {
    setStarting(facility)
    setProblem(null)
    try {
      const due = new Date(http.now() + FORTNIGHT).toISOString()
      const { review } = await overseeing(context).start(facility, due)
      await cache.invalidateQueries({ queryKey: query.queryKey })
      setOpen(review)
    } catch (failed) {
      setProblem(failed)
    } finally {
      setStarting(null)
    }
  }
  if (open) {
    const back = () => {
      setOpen(null)
      cache.invalidateQueries({ queryKey: query.queryKey })
    }
    return <ReviewPage id={open} onBack={back} />
  }
  return (
    <Stack gap="lg">
      <PageHead title={t('oversight.reviewsTitle')} lead={t('oversight.reviewsLead')} />
      <ProblemNotice error={error ?? problem} instead={problems} />
      {!data && !error && <Text role="status">{t('oversight.loading')}</Text>}
      {data && (
        <>
          <Section title={t('oversight.reviewsDue')}>
            <Rows>
              {data.due.map((site) => (
                <Site
                  key={site.facility}
                  site={site}
                  running={data.reviews.find((it) => it.facility === site.facility && !it.signed_at)}
                  busy={starting === site.facility}
                  onStart={() => start(site.facility)}
                  onOpen={setOpen}
                />
              ))}
            </Rows>
          </Section>
          <Past reviews={data.reviews} onOpen={setOpen} />
        </>
      )}
    </Stack>
  )
}

interface SiteProps {
  site: Reviews['due'][number]
  running?: Reviews['reviews'][number]
  busy: boolean
  onStart(): void
  onOpen(review: string): void
}

function Site({ site, running, busy, onStart, onOpen }: SiteProps) {
  const { t } = useTranslation()
  const dueAt = running?.due_at ?? site.due_at
  const late = Date.parse(dueAt) < http.now()
  const due = t(late ? 'oversight.overdueSince' : 'oversight.dueOn', { when: when(dueAt) })
  const last = site.last_signed_at
    ? t('oversight.lastSigned', { when: when(site.last_signed_at) })
    : t('oversight.neverSigned')
  return (
    <Row
      title={
        <>
          {site.facility_name} {late && <Chip kind="bad">{due}</Chip>}
          {running && <Chip kind="warn">{t('oversight.openNow')}</Chip>}
        </>
      }
      text={
        running
          ? t('oversight.decidedOf', { decided: running.kept + running.ended, posts: running.posts })
          : late
            ? last
            : `${last} · ${due}`
      }
      action={
        running ? (
          <Button
            size="sm"
            aria-label={t('oversight.continueOf', { name: site.facility_name })}
            onClick={() => onOpen(running.review)}
          >
            {t('oversight.continue')}
          </Button>
        ) : (
          <Button
            size="sm"
            variant="default"
            loading={busy}
            aria-label={t('oversight.startOf', { name: site.facility_name })}
            onClick={onStart}
          >
            {t('oversight.start')}
          </Button>
        )
      }
    />
  )
}

function Past({ reviews, onOpen }: { reviews: Reviews['reviews']; onOpen(review: string): void }) {
  const { t } = useTranslation()
  const signed = reviews.filter((it) => it.signed_at)
  return (
    <Section title={t('oversight.past')}>
      {signed.length === 0 ? (
        <Text c="dimmed">{t('oversight.pastNone')}</Text>
      ) : (
        <Rows>
          {signed.map((it) => (
            <Row
              key={it.review}
              title={it.facility_name}
              text={t('oversight.pastLine', {
                name: it.signed_by ?? '',
                when: when(it.signed_at ?? ''),
                kept: it.kept,
                ended: it.ended,
              })}
              action={
                <Button
                  size="sm"
                  variant="default"
                  aria-label={t('oversight.lookAt', {
                    name: it.facility_name,
                    when: when(it.signed_at ?? ''),
                  })}
                  onClick={() => onOpen(it.review)}
                >
                  {t('oversight.look')}
                </Button>
              }
            />
          ))}
        </Rows>
      )}
    </Section>
  )
}
