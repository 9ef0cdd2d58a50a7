import { useTranslation } from 'react-i18next'
import type { Address, HumanName } from '@/api/fhirTypes'
import { onDay } from '@/texts/zone'
import { sexOf } from './Banner'
import { ChangeRecord } from './ChangeRecord'
import { reached } from './ContactForms'
import { useChart } from './useChart'
import { useFields } from './useFields'
import { addressOf, emailsOf, nameOf, phonesOf } from './words'

/** The name that the chart shows: of several the official or usual one. */
function placeOfName(names: HumanName[]): number {
  for (const use of ['official', 'usual']) {
    const at = names.findIndex((it) => it.use === use)
    if (at >= 0) return at
  }
  return names.findIndex((it) => it.use !== 'old')
}

/** Who the patient is. Of names, numbers and addresses that there are several of, the one shown is changed. */
export function Details({ onDone }: { onDone(): void }) {
  const { t } = useTranslation()
  const { id, patient, zone } = useChart()
  const names = patient.name ?? []
  const name = names[placeOfName(names)]
  const address = patient.address?.[0]
  const begin = {
    given: name?.given?.join(' ') ?? (name?.family ? '' : (name?.text ?? '')),
    family: name?.family ?? '',
    birthDate: patient.birthDate ?? '',
    gender: patient.gender ?? '',
    phone: phonesOf(patient.telecom)[0] ?? '',
    email: emailsOf(patient.telecom)[0] ?? '',
    street: address?.line?.join(', ') ?? '',
    city: address?.city ?? '',
    state: address?.state ?? '',
    zip: address?.postalCode ?? '',
    died: patient.deceasedDateTime?.slice(0, 10) ?? '',
  }
  const fields = useFields()
  return (
    <ChangeRecord
      type="Patient"
      record={id}
      form="details"
      title={t('care.changeDetailsTitle', { name: nameOf(patient.name) })}
      submit={t('chart.save')}
      begin={begin}
      fields={[
        { key: 'given', label: t('care.given'), kind: 'text', needed: t('care.nameNeeded') },
        { key: 'family', label: t('care.family'), kind: 'text', needed: t('care.nameNeeded') },
        { key: 'birthDate', label: t('care.birthDate'), kind: 'date', check: fields.notAhead },
        {
          key: 'gender',
          label: t('care.gender'),
          kind: 'select',
          options: [
            { value: '', label: t('chart.notSaid') },
            ...(['female', 'male', 'other', 'unknown'] as const).map((value) => ({
              value,
              label: t(`chart.sex_${value}`),
            })),
          ],
        },
        fields.phone,
        fields.email,
        { key: 'street', label: t('care.street'), kind: 'text' },
        { key: 'city', label: t('care.city'), kind: 'text' },
        { key: 'state', label: t('care.state'), kind: 'text' },
        { key: 'zip', label: t('care.zip'), kind: 'text' },
        { key: 'died', label: t('care.died'), kind: 'date', check: fields.notAhead },
      ]}
      build={(values, standing) => {
        const typed = (key: keyof typeof begin) => values[key]?.trim() ?? ''
        // What was not touched here stays as it stands by now.
        const touched = (...keys: (keyof typeof begin)[]) =>
          keys.some((key) => typed(key) !== begin[key].trim())
        const all = standing.name ?? []
        const at = placeOfName(all)
        const renamed: HumanName = {
          ...all[at],
          use: all[at]?.use ?? 'official',
          text: `${typed('given')} ${typed('family')}`.trim(),
          family: typed('family') || undefined,
          given: typed('given') ? typed('given').split(/\s+/) : undefined,
        }
        const telecom = reached(
          reached(
            standing.telecom,
            'phone',
            touched('phone') ? typed('phone') : phonesOf(standing.telecom)[0],
            'home',
          ),
          'email',
          touched('email') ? typed('email') : emailsOf(standing.telecom)[0],
          'home',
        )
        const place: Address = {
          ...standing.address?.[0],
          text: undefined,
          line: typed('street') ? typed('street').split(/\s*,\s*/) : undefined,
          city: typed('city') || undefined,
          state: typed('state') || undefined,
          postalCode: typed('zip') || undefined,
        }
        const anywhere = [place.line, place.city, place.state, place.postalCode].some(Boolean)
        return {
          ...(touched('given', 'family') && {
            name: at < 0 ? [renamed, ...all] : all.map((it, i) => (i === at ? renamed : it)),
          }),
          ...(touched('birthDate') && { birthDate: typed('birthDate') || undefined }),
          ...(touched('gender') && { gender: typed('gender') || undefined }),
          ...(touched('phone', 'email') && { telecom: telecom.length > 0 ? telecom : undefined }),
          ...(touched('street', 'city', 'state', 'zip') && {
            address: anywhere
              ? [place, ...(standing.address ?? []).slice(1)]
              : (standing.address ?? []).slice(1).length > 0
                ? standing.address?.slice(1)
                : undefined,
          }),
          ...(touched('died') && {
            deceasedBoolean: undefined,
            deceasedDateTime: typed('died') || undefined,
          }),
        }
      }}
      describe={(it) => [
        [t('merges.field_name'), nameOf(it.name)],
        [t('care.birthDate'), it.birthDate ? onDay(it.birthDate, zone) : ''],
        [t('care.gender'), it.gender ? t(`chart.sex_${sexOf(it.gender)}`) : ''],
        [t('care.phone'), phonesOf(it.telecom).join(', ')],
        [t('care.email'), emailsOf(it.telecom).join(', ')],
        [t('care.address'), addressOf(it.address)],
        [t('care.died'), it.deceasedDateTime ? onDay(it.deceasedDateTime, zone) : ''],
      ]}
      onDone={onDone}
    />
  )
}
