import { useTranslation } from 'react-i18next'
import { chartsIn } from '@/api/charts'
import { useChart, useRecords } from '@/pages/chart/useChart'
import { addressOf, conceptOf, nameOf, phonesOf } from '@/pages/chart/words'
import { onDay } from '@/texts/zone'
import { Section } from '@/ui/Section'
import { StayForm } from './StayForm'
import classes from './Stays.module.css'
import { useRooms } from './useRooms'

/** Admits somebody who has a chart: what is known is shown to be looked over, and nothing of it is typed again. */
export function AdmitAgain({ onDone }: { onDone(): void }) {
  const { t } = useTranslation()
  const { context, id, patient, zone } = useChart()
  const rooms = useRooms()
  const coverage = useRecords('Coverage')?.filter((it) => it.status === 'active')
  const allergies = useRecords('AllergyIntolerance')
  const contacts = patient.contact?.map((it) => [nameOf(it.name), ...phonesOf(it.telecom)].join(' '))
  const known: [string, string | undefined][] = [
    [t('stays.known_name'), nameOf(patient.name)],
    [t('stays.known_born'), patient.birthDate && onDay(patient.birthDate, zone)],
    [t('stays.known_address'), addressOf(patient.address)],
    [t('stays.known_phone'), phonesOf(patient.telecom).join(', ')],
    [t('stays.known_contacts'), contacts?.join('\n')],
    ...(coverage
      ? [
          [
            t('stays.known_coverage'),
            coverage.map((it) => it.payor?.[0]?.display ?? conceptOf(it.type)).join(', '),
          ] as [string, string],
        ]
      : []),
    ...(allergies
      ? [
          [t('stays.known_allergies'), allergies.map((it) => conceptOf(it.code)).join(', ')] as [
            string,
            string,
          ],
        ]
      : []),
  ]
  return (
    <StayForm
      form="admit"
      wide
      title={t('stays.admitTitle', { name: nameOf(patient.name) })}
      submit={t('stays.save_admit')}
      above={
        <Section title={t('stays.admitKnown')} lead={t('stays.admitKnownText')}>
          <dl className={classes.known}>
            {known.map(([label, words]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{words || t('stays.notKnown')}</dd>
              </div>
            ))}
          </dl>
        </Section>
      }
      fields={[
        {
          key: 'room',
          label: t('stays.room'),
          kind: 'text',
          hint: t('stays.wardHint'),
          suggestions: rooms.names,
        },
        { key: 'reason', label: t('stays.reasonField'), kind: 'text' },
        { key: 'source', label: t('stays.source'), kind: 'text', hint: t('stays.sourceHint') },
      ]}
      send={async ({ room, reason, source }, at) => {
        await chartsIn(context).admit(id, {
          room: rooms.placeOf(room),
          reason: reason?.trim() || undefined,
          source: source?.trim() || undefined,
          from: at,
        })
        return undefined
      }}
      onDone={onDone}
    />
  )
}
