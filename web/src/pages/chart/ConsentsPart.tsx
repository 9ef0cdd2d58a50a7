import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Consent } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf, nameOf } from './words'

const KINDS = ['treatment', 'family', 'photo', 'privacy', 'research'] as const
type Kind = (typeof KINDS)[number]

/** HL7's scopes (https://terminology.hl7.org/CodeSystem-consentscope.html), and a kind of document. */
const SCOPES: Record<Kind, string> = {
  treatment: 'treatment',
  family: 'patient-privacy',
  photo: 'patient-privacy',
  privacy: 'patient-privacy',
  research: 'research',
}
const SCOPE = 'http://terminology.hl7.org/CodeSystem/consentscope'
const DOCUMENT = { system: 'http://loinc.org', code: '59284-0', display: 'Consent Document' }

const titleOf = (it: Consent) => conceptOf(it.scope) || conceptOf(it.category?.[0])

export function ConsentsPart() {
  const { t } = useTranslation()
  const { id, may, patient, zone, draftKey } = useChart()
  const all = (useRecords('Consent') ?? []).filter((it) => it.status !== 'entered-in-error')
  const { doing, begin, done } = useDoing<'add' | Consent>(() =>
    drafts.has(draftKey('add Consent')) ? 'add' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  return (
    <Part
      title={t('chart.section_consents')}
      actions={writes && <Button onClick={() => begin('add')}>{t('care.addConsent')}</Button>}
    >
      {all.length === 0 ? (
        <Nothing>{t('chart.noConsents')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              pending={it.pending}
              quiet={it.status !== 'active'}
              title={titleOf(it)}
              chips={
                <>
                  {it.provision?.type === 'deny' && <Chip kind="warn">{t('chart.denied')}</Chip>}
                  {it.status !== 'active' && <Chip>{statusWords(it.status)}</Chip>}
                </>
              }
              lines={[
                conceptOf(it.policyRule),
                [
                  it.dateTime && onDay(it.dateTime, zone),
                  it.performer?.[0]?.display && t('chart.givenBy', { name: it.performer[0].display }),
                ]
                  .filter(Boolean)
                  .join(' · '),
              ]}
              aside={
                it.provision?.period?.end && t('chart.until', { day: onDay(it.provision.period.end, zone) })
              }
              action={
                writes &&
                it.status === 'active' && (
                  <Act label={t('care.withdrawLabel', { name: titleOf(it) })} onClick={() => begin(it)}>
                    {t('care.withdraw')}
                  </Act>
                )
              }
            />
          ))}
        </Group>
      )}
      {doing === 'add' && (
        <AddRecord
          type="Consent"
          title={t('care.addConsent')}
          submit={t('problem.save')}
          begin={{ kind: 'treatment', answer: 'permit', on: today(zone), by: nameOf(patient.name) }}
          fields={[
            {
              key: 'kind',
              label: t('care.consentKind'),
              kind: 'select',
              options: KINDS.map((value) => ({ value, label: t(`care.consent_${value}`) })),
            },
            {
              key: 'answer',
              label: t('care.consentAnswer'),
              kind: 'select',
              options: (['permit', 'deny'] as const).map((value) => ({
                value,
                label: t(`care.answer_${value}`),
              })),
            },
            {
              key: 'by',
              label: t('care.consentBy'),
              kind: 'text',
              hint: t('care.consentByHint'),
              needed: t('care.consentByNeeded'),
            },
            {
              key: 'on',
              label: t('stays.onDay'),
              kind: 'date',
              needed: t('care.shotOnNeeded'),
              check: fields.notAhead,
            },
            { key: 'until', label: t('care.ends'), kind: 'date' },
            { key: 'detail', label: t('care.consentDetail'), kind: 'area' },
          ]}
          build={({ kind, answer, by, on, until, detail }) => {
            const of = KINDS.find((it) => it === kind) ?? 'treatment'
            return {
              resourceType: 'Consent',
              status: 'active',
              scope: { coding: [{ system: SCOPE, code: SCOPES[of] }], text: t(`care.consent_${of}`) },
              category: [{ coding: [DOCUMENT], text: t(`care.consent_${of}`) }],
              patient: { reference: `Patient/${id}` },
              dateTime: on,
              performer: [{ display: by?.trim() }],
              policyRule: {
                text: detail?.trim() || t(`care.answer_${answer === 'deny' ? 'deny' : 'permit'}`),
              },
              provision: { type: answer, ...(until && { period: { end: until } }) },
            }
          }}
          onDone={done}
        />
      )}
      {doing && doing !== 'add' && (
        <ChangeRecord
          type="Consent"
          record={doing.id}
          title={t('care.withdrawTitle', { name: titleOf(doing) })}
          submit={t('care.withdraw')}
          begin={{ how: 'inactive', on: today(zone) }}
          fields={[
            {
              key: 'how',
              label: t('care.withdrawHow'),
              kind: 'select',
              options: (['inactive', 'entered-in-error'] as const).map((value) => ({
                value,
                label: t(`care.withdraw_${value}`),
              })),
            },
            fields.ended,
          ]}
          build={({ how, on }, standing) => ({
            status: how ?? 'inactive',
            ...(how === 'inactive' && {
              provision: {
                ...standing.provision,
                period: { ...standing.provision?.period, end: on || today(zone) },
              },
            }),
          })}
          describe={(it) => [
            [t('care.consentKind'), titleOf(it)],
            [t('chart.status'), statusWords(it.status)],
            [t('care.consentDetail'), conceptOf(it.policyRule)],
            [t('care.ends'), it.provision?.period?.end ? onDay(it.provision.period.end, zone) : ''],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )
}
