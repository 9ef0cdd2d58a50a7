import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { onDay } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Entry, Group, Nothing, Part } from './Part'
import { useChart, useRecords } from './useChart'
import { addressOf, conceptOf, emailsOf, nameOf, phonesOf, recordNumber } from './words'

export function ImmunizationsPart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const all = (useRecords('Immunization') ?? []).filter((it) => it.status !== 'entered-in-error')
  return (
    <Part title={t('chart.section_immunizations')}>
      {all.length === 0 ? (
        <Nothing>{t('chart.noImmunizations')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              quiet={it.status === 'not-done'}
              title={conceptOf(it.vaccineCode)}
              chips={it.status === 'not-done' && <Chip kind="warn">{t('chart.notGiven')}</Chip>}
              lines={[
                [conceptOf(it.site), it.lotNumber && t('chart.lot', { lot: it.lotNumber })]
                  .filter(Boolean)
                  .join(' · '),
              ]}
              aside={
                it.occurrenceDateTime
                  ? onDay(it.occurrenceDateTime, zone)
                  : (it.occurrenceString ?? undefined)
              }
            />
          ))}
        </Group>
      )}
    </Part>
  )
}

export function CarePlanPart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const plans = useRecords('CarePlan')?.filter((it) => it.status !== 'entered-in-error')
  const goals = useRecords('Goal')?.filter((it) => it.lifecycleStatus !== 'entered-in-error')
  const empty = (plans?.length ?? 0) + (goals?.length ?? 0) === 0
  return (
    <Part title={t('chart.section_care-plan')}>
      {empty && <Nothing>{t('chart.noCarePlan')}</Nothing>}
      {plans && plans.length > 0 && (
        <Group>
          {plans.map((it) => (
            <Entry
              key={it.id}
              quiet={it.status !== 'active'}
              title={it.title ?? t('chart.section_care-plan')}
              lines={[
                it.description,
                ...(it.activity ?? []).map((activity) => {
                  const words = activity.detail?.description ?? conceptOf(activity.detail?.code)
                  return words && `• ${words}`
                }),
              ]}
              aside={it.period?.end && t('chart.until', { day: onDay(it.period.end, zone) })}
            />
          ))}
        </Group>
      )}
      {goals && goals.length > 0 && (
        <Group title={t('chart.goals')}>
          {goals.map((it) => (
            <Entry
              key={it.id}
              title={conceptOf(it.description)}
              lines={[conceptOf(it.achievementStatus)]}
              aside={it.target?.[0]?.dueDate && t('chart.due', { day: onDay(it.target[0].dueDate, zone) })}
            />
          ))}
        </Group>
      )}
    </Part>
  )
}

export function ContactsPart() {
  const { t } = useTranslation()
  const { patient } = useChart()
  const related = useRecords('RelatedPerson')?.filter((it) => it.active !== false) ?? []
  const contacts = patient.contact ?? []
  const number = recordNumber(patient.identifier)
  const same = (name: string) => contacts.some((it) => nameOf(it.name) === name)
  const phones = (telecom: Parameters<typeof phonesOf>[0]) =>
    phonesOf(telecom).map((number) => (
      <Anchor key={number} href={`tel:${number.replaceAll(/[^\d+]/g, '')}`}>
        {number}
      </Anchor>
    ))
  const list = (items: ReactNode[]) => items.flatMap((it, i) => (i > 0 ? [' · ', it] : [it]))
  return (
    <Part title={t('chart.section_contacts')}>
      <Group title={t('chart.ofPatient')}>
        <Entry
          title={nameOf(patient.name)}
          lines={[
            list(phones(patient.telecom)),
            emailsOf(patient.telecom).join(' · '),
            addressOf(patient.address),
            [patient.managingOrganization?.display, number && t('chart.number', { number })]
              .filter(Boolean)
              .join(' · '),
          ].filter((it) => it.length > 0)}
        />
      </Group>
      {contacts.length + related.length === 0 ? (
        <Nothing>{t('chart.noContacts')}</Nothing>
      ) : (
        <Group title={t('chart.contactPersons')}>
          {contacts.map((it, i) => (
            <Entry
              // biome-ignore lint/suspicious/noArrayIndexKey: contacts have no identity of their own
              key={i}
              title={nameOf(it.name)}
              chips={
                it.relationship?.some((relation) => relation.coding?.some((c) => c.code === 'C')) && (
                  <Chip kind="warn">{t('chart.emergencyContact')}</Chip>
                )
              }
              lines={[
                it.relationship?.map(conceptOf).join(', '),
                list(phones(it.telecom)),
                emailsOf(it.telecom).join(' · '),
              ].filter((line) => line && line.length > 0)}
            />
          ))}
          {related
            .filter((it) => !same(nameOf(it.name)))
            .map((it) => (
              <Entry
                key={it.id}
                title={nameOf(it.name)}
                lines={[
                  it.relationship?.map(conceptOf).join(', '),
                  list(phones(it.telecom)),
                  emailsOf(it.telecom).join(' · '),
                  addressOf(it.address),
                ].filter((line) => line && line.length > 0)}
              />
            ))}
        </Group>
      )}
    </Part>
  )
}

export function CoveragePart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const all = (useRecords('Coverage') ?? [])
    .filter((it) => it.status !== 'entered-in-error')
    .toSorted((a, b) => (a.order ?? 99) - (b.order ?? 99))
  return (
    <Part title={t('chart.section_coverage')}>
      {all.length === 0 ? (
        <Nothing>{t('chart.noCoverage')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              quiet={it.status !== 'active'}
              title={it.payor?.[0]?.display ?? conceptOf(it.type)}
              chips={it.status !== 'active' && <Chip>{it.status}</Chip>}
              lines={[
                conceptOf(it.type) === it.payor?.[0]?.display ? '' : conceptOf(it.type),
                it.subscriberId && t('chart.memberNumber', { number: it.subscriberId }),
              ]}
              aside={[
                it.period?.start && t('chart.since', { day: onDay(it.period.start, zone) }),
                it.period?.end && t('chart.until', { day: onDay(it.period.end, zone) }),
              ]
                .filter(Boolean)
                .join(' ')}
            />
          ))}
        </Group>
      )}
    </Part>
  )
}

export function ConsentsPart() {
  const { t } = useTranslation()
  const { zone } = useChart()
  const all = (useRecords('Consent') ?? []).filter((it) => it.status !== 'entered-in-error')
  return (
    <Part title={t('chart.section_consents')}>
      {all.length === 0 ? (
        <Nothing>{t('chart.noConsents')}</Nothing>
      ) : (
        <Group>
          {all.map((it) => (
            <Entry
              key={it.id}
              quiet={it.status !== 'active'}
              title={conceptOf(it.scope) || conceptOf(it.category?.[0])}
              chips={
                it.status !== 'active' ? (
                  <Chip>{it.status}</Chip>
                ) : (
                  it.provision?.type === 'deny' && <Chip kind="bad">{t('chart.denied')}</Chip>
                )
              }
              lines={[
                conceptOf(it.policyRule),
                it.performer?.[0]?.display && t('chart.givenBy', { name: it.performer[0].display }),
              ]}
              aside={it.dateTime && onDay(it.dateTime, zone)}
            />
          ))}
        </Group>
      )}
    </Part>
  )
}
