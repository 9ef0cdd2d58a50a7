import { Button, Stack } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { medicationQueries, medicationsIn, type Sheet, type SheetEntry } from '@/api/medications'
import { NotFoundPage, Pending } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { atMoment } from '@/texts/zone'
import { BackIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import './texts'
import classes from './Counts.module.css'
import { Marks } from './CountsPage'
import { amountOf, signed } from './doses'
import { EnterDialog, type Kind } from './EnterDialog'
import { useHouseZone } from './useHouseZone'

const ACTS = { counted: 'count', received: 'receive', wasted: 'waste', corrected: 'correct' } as const
const KINDS = Object.keys(ACTS) as (keyof typeof ACTS)[]

/** One sheet: what there is, what became of the rest, and what waits for a second person. */
export function CountPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { stock } = useParams({ from: '/signed-in/c/$context/gives/medications/counts/$stock' })
  const zone = useHouseZone()
  const counts = useQuery(medicationQueries(context).counts(''))
  const entries = useQuery({
    ...medicationQueries(context).entries(stock),
    refetchInterval: 15_000,
  })
  const [doing, setDoing] = useState<Kind | null>(null)
  const [said, setSaid] = useState<'confirmed' | 'entered' | null>(null)
  useTitle(t('medications.counts'))
  const sheet = counts.data?.find((it) => it.stock === stock)
  if (counts.isPending || entries.isPending) return <Pending />
  if (!sheet && !counts.error) return <NotFoundPage />
  if (!sheet) return <ProblemNotice error={counts.error} />
  const waiting = entries.data?.filter((it) => it.number == null && !it.witness) ?? []
  const numbered = entries.data?.filter((it) => it.number != null) ?? []
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Link to="/c/$context/medications/counts" params={{ context }} className={classes.back}>
            <BackIcon size={16} /> {t('medications.backToCounts')}
          </Link>
        }
        title={sheet.medication}
        lead={sheet.place}
        actions={KINDS.map((kind, i) => (
          <Button
            key={kind}
            size="md"
            variant={i === 0 ? 'filled' : 'default'}
            onClick={() => {
              setSaid(null)
              setDoing(kind)
            }}
          >
            {t(`medications.${ACTS[kind]}`)}
          </Button>
        ))}
      />
      <div className={classes.stands}>
        <span className={classes.amount}>
          {t('medications.onHand', { amount: amountOf(sheet.on_hand), unit: sheet.unit })}
        </span>
        <span>
          {sheet.counted_at
            ? t('medications.countedLast', { when: atMoment(sheet.counted_at, zone) })
            : t('medications.countedNever')}
        </span>
        <Marks sheet={sheet} />
      </div>
      {said && <Notice kind="good">{t(`medications.${said}`)}</Notice>}
      {waiting.length > 0 && (
        <Section title={t('medications.entriesWait')}>
          <ul className={classes.entries}>
            {waiting.map((it) => (
              <Waiting key={it.entry} sheet={sheet} entry={it} onDone={() => setSaid('confirmed')} />
            ))}
          </ul>
        </Section>
      )}
      <Section title={t('medications.entries')}>
        <ProblemNotice error={entries.error} />
        {numbered.length === 0 ? (
          <p className={classes.quiet}>{t('medications.entriesNone')}</p>
        ) : (
          <ul className={classes.entries}>
            {numbered.map((it) => (
              <li key={it.entry} className={classes.entry}>
                <EntryWords entry={it} />
                <span className={classes.change}>{it.kind !== 'counted' && signed(it.change)}</span>
                <span className={classes.balance}>
                  {t('medications.balance', { amount: amountOf(it.balance ?? 0) })}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {doing && (
        <EnterDialog
          sheet={sheet}
          kind={doing}
          onClose={(done) => {
            setDoing(null)
            if (done) setSaid(done)
          }}
        />
      )}
    </Stack>
  )
}

function EntryWords({ entry }: { entry: SheetEntry }) {
  const { t } = useTranslation()
  const zone = useHouseZone()
  const { counted, number } = entry
  const difference = counted != null && entry.balance != null ? counted - entry.balance : 0
  return (
    <div className={classes.words}>
      <strong>{t(`medications.kind_${entry.kind as 'given'}`)}</strong>{' '}
      {counted != null &&
        (number != null && difference !== 0 ? (
          <span className={classes.differs}>
            {t('medications.countedWrong', { amount: amountOf(counted), difference: signed(difference) })}
          </span>
        ) : (
          amountOf(counted)
        ))}
      <div className={classes.quiet}>
        {t('medications.entryBy', { name: entry.by, when: atMoment(entry.at, zone) })}
        {entry.witness && ` · ${t('medications.entryWitness', { name: entry.witness })}`}
      </div>
      {entry.note && <div>{entry.note}</div>}
    </div>
  )
}

function Waiting({ sheet, entry, onDone }: { sheet: Sheet; entry: SheetEntry; onDone(): void }) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const cache = useQueryClient()
  const again = () => cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  const confirm = useMutation({
    mutationFn: () => medicationsIn(context).witness(sheet.stock, entry.entry),
    onSuccess: async () => {
      await again()
      onDone()
    },
    onError: (error) => (hasCode(error, 'witness-done') ? again() : undefined),
  })
  return (
    <li className={classes.entry}>
      <EntryWords entry={entry} />
      <span className={classes.change}>{entry.kind !== 'counted' && signed(entry.change)}</span>
      <div className={classes.confirm}>
        {entry.own ? (
          <span className={classes.quiet}>{t('medications.ownWaits')}</span>
        ) : (
          may('medications.witness') && (
            <Button
              size="md"
              loading={confirm.isPending}
              aria-label={t('medications.confirmLabel', {
                what: t(`medications.kind_${entry.kind as 'given'}`),
                name: entry.by,
              })}
              onClick={() => confirm.mutate()}
            >
              {t('medications.confirmEntry')}
            </Button>
          )
        )}
        <ProblemNotice
          error={confirm.error}
          instead={{
            'witness-other': t('medications.witnessOther'),
            'witness-done': t('medications.witnessGone'),
            'count-short': t('medications.countShort'),
          }}
        />
      </div>
    </li>
  )
}
