import { List, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Access, Why } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { dayOf } from './days'
import { purposeWords, tieText, useWho } from './words'

/** Why one thing was allowed or refused: what was so then, and what is so today. */
export function WhyPanel({ line, zone, onClose }: { line: Access; zone: string; onClose(): void }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const why = useQuery(contextQueries(context).why(line.event))
  const title = line.outcome === 'done' ? t('accesses.whyTitle') : t('accesses.whyTitleRefused')
  return (
    <Dialog title={title} onClose={onClose} wide>
      {why.isPending && <Text role="status">{t('accesses.loading')}</Text>}
      <ProblemNotice error={why.error} />
      {why.data && (
        <Stack gap="lg">
          <Then why={why.data} zone={zone} />
          <Today why={why.data} />
        </Stack>
      )}
    </Dialog>
  )
}

function ruleText(rule: Why['at_the_time']['rule']) {
  if (!rule.permission) return rule.missing ? 'accesses.ruleOther' : 'accesses.ruleUntold'
  return rule.missing ? 'accesses.ruleMissing' : 'accesses.ruleHeld'
}

function Then({ why: { at_the_time: past }, zone }: { why: Why; zone: string }) {
  const { t } = useTranslation()
  return (
    <section>
      <Title order={3}>{t('accesses.past')}</Title>
      <Text c="dimmed">{dayOf(past.at, zone)}</Text>
      <List spacing={6} mt="xs">
        <List.Item>{t(ruleText(past.rule), { words: past.rule.words })}</List.Item>
        <List.Item>{t('accesses.forPurpose', { purpose: purposeWords(past.purpose) })}</List.Item>
        {past.emergency && (
          <List.Item>
            {t('accesses.emergency')}:{' '}
            {t('accesses.opened', {
              from: dayOf(past.emergency.opened_at, zone),
              until: dayOf(past.emergency.ends_at, zone),
            })}
            {past.emergency.reason && <div>{t('accesses.reason', { reason: past.emergency.reason })}</div>}
          </List.Item>
        )}
      </List>
      <Title order={4} mt="md">
        {t('accesses.ties')}
      </Title>
      {past.relationships.length === 0 ? (
        <Text>{past.emergency ? t('accesses.tiesNoneEmergency') : t('accesses.tiesNone')}</Text>
      ) : (
        <List spacing={6} mt="xs">
          {past.relationships.map((tie) => (
            <List.Item key={`${tie.membership}/${tie.patient}/${tie.kind}`}>
              {tie.until
                ? t('accesses.tieUntil', {
                    tie: tieText(tie.kind),
                    from: dayOf(tie.from, zone),
                    until: dayOf(tie.until, zone),
                  })
                : t('accesses.tieSince', { tie: tieText(tie.kind), from: dayOf(tie.from, zone) })}
            </List.Item>
          ))}
        </List>
      )}
    </section>
  )
}

function Today({ why: { today } }: { why: Why }) {
  const { t } = useTranslation()
  const who = useWho()
  if (today.chain.length === 0) return null
  return (
    <section>
      <Title order={3}>{t('accesses.today')}</Title>
      <Text c="dimmed">{t('accesses.todayLead')}</Text>
      <Title order={4} mt="md">
        {t('accesses.chain')}
      </Title>
      {today.who.kind === 'support' && <Text c="dimmed">{t('accesses.chainSupport')}</Text>}
      {today.chain.length > 1 && <Text c="dimmed">{t('accesses.chainMade')}</Text>}
      <List type="ordered" spacing={6} mt="xs">
        {today.chain.map((link) => (
          <List.Item key={link.membership}>
            {who(link.who)}{' '}
            <Chip kind={link.alive ? 'good' : 'plain'}>
              {link.alive ? t('accesses.alive') : t('accesses.ended')}
            </Chip>
          </List.Item>
        ))}
      </List>
    </section>
  )
}
