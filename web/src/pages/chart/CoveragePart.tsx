import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Coverage } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Group, Nothing, Part } from './Part'
import type { FieldSpec, Values } from './RecordForm'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf } from './words'

const payerOf = (it: Coverage) => it.payor?.[0]?.display ?? conceptOf(it.type)

export function CoveragePart() {
  const { t } = useTranslation()
  const { id, may, zone, draftKey } = useChart()
  const all = (useRecords('Coverage') ?? [])
    .filter((it) => it.status !== 'entered-in-error')
    .toSorted((a, b) => (a.order ?? 99) - (b.order ?? 99))
  const { doing, begin, done } = useDoing<'add' | { what: 'change' | 'end'; of: Coverage }>(() =>
    drafts.has(draftKey('add Coverage')) ? 'add' : null,
  )
  const { ended, span } = useFields()
  const writes = may('chart.write')
  const fields: FieldSpec[] = [
    {
      key: 'payer',
      label: t('care.payer'),
      kind: 'text',
      hint: t('care.payerHint'),
      needed: t('care.payerNeeded'),
    },
    { key: 'plan', label: t('care.plan'), kind: 'text' },
    { key: 'member', label: t('care.member'), kind: 'text' },
    {
      key: 'order',
      label: t('care.orderOf'),
      kind: 'select',
      options: (['1', '2', '3'] as const).map((value) => ({ value, label: t(`care.order_${value}`) })),
    },
    { key: 'from', label: t('care.begins'), kind: 'date' },
    { key: 'until', label: t('care.ends'), kind: 'date' },
  ]
  const build = ({ payer, plan, member, order, from, until }: Values) => ({
    type: plan?.trim() ? { text: plan.trim() } : undefined,
    subscriberId: member?.trim() || undefined,
    payor: [{ display: payer?.trim() }],
    period: from || until ? { start: from || undefined, end: until || undefined } : undefined,
    order: Number(order ?? '1'),
  })
  const valuesOf = (it: Coverage): Values => ({
    payer: payerOf(it),
    plan: conceptOf(it.type) === payerOf(it) ? '' : conceptOf(it.type),
    member: it.subscriberId ?? '',
    order: String(it.order ?? 1),
    from: it.period?.start?.slice(0, 10) ?? '',
    until: it.period?.end?.slice(0, 10) ?? '',
  })
  const describe = (it: Coverage): [string, string][] => [
    [t('care.payer'), payerOf(it)],
    [t('care.plan'), conceptOf(it.type)],
    [t('care.member'), it.subscriberId ?? ''],
    [t('chart.status'), statusWords(it.status)],
    [t('care.ends'), it.period?.end ? onDay(it.period.end, zone) : ''],
  ]
  return (
    <Part
      title={t('chart.section_coverage')}
      actions={writes && <Button onClick={() => begin('add')}>{t('care.addCoverage')}</Button>}
    >
      {all.length === 0 ? (
        <Nothing>{t('chart.noCoverage')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              pending={it.pending}
              quiet={it.status !== 'active'}
              title={payerOf(it)}
              chips={it.status !== 'active' && <Chip>{statusWords(it.status)}</Chip>}
              lines={[
                conceptOf(it.type) === it.payor?.[0]?.display ? '' : conceptOf(it.type),
                it.subscriberId && t('chart.memberNumber', { number: it.subscriberId }),
              ]}
              aside={span(it.period?.start, it.period?.end).join(' ')}
              action={
                writes &&
                it.status === 'active' && (
                  <>
                    <Act
                      label={t('chart.changeLabel', { name: payerOf(it) })}
                      onClick={() => begin({ what: 'change', of: it })}
                    >
                      {t('chart.change')}
                    </Act>
                    <Act
                      label={t('chart.endLabel', { name: payerOf(it) })}
                      onClick={() => begin({ what: 'end', of: it })}
                    >
                      {t('chart.end')}
                    </Act>
                  </>
                )
              }
            />
          ))}
        </Group>
      )}
      {doing === 'add' && (
        <AddRecord
          type="Coverage"
          title={t('care.addCoverage')}
          submit={t('problem.save')}
          begin={{ order: String(Math.min(3, all.filter((it) => it.status === 'active').length + 1)) }}
          fields={fields}
          build={(values) => ({
            resourceType: 'Coverage',
            status: 'active',
            beneficiary: { reference: `Patient/${id}` },
            ...build(values),
          })}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && doing.what === 'change' && (
        <ChangeRecord
          type="Coverage"
          record={doing.of.id}
          title={t('care.changeCoverage')}
          submit={t('chart.save')}
          begin={valuesOf(doing.of)}
          fields={fields}
          build={(values, standing) => {
            const { payor, ...rest } = build(values)
            const same = payor[0]?.display === standing.payor?.[0]?.display
            return { ...rest, ...(!same && { payor }) }
          }}
          describe={describe}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && doing.what === 'end' && (
        <ChangeRecord
          type="Coverage"
          record={doing.of.id}
          title={t('care.endCoverage', { name: payerOf(doing.of) })}
          submit={t('problem.endSave')}
          begin={{ on: today(zone) }}
          fields={[ended]}
          build={({ on }, standing) => ({
            status: 'cancelled',
            period: { ...standing.period, end: on || today(zone) },
          })}
          describe={describe}
          onDone={done}
        />
      )}
    </Part>
  )
}
