import { Anchor, Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { MergeList } from '@/pages/merge/MergeList'
import { Chip } from '@/ui/Chip'
import { ContactForm, RelatedForm, RemoveContact } from './ContactForms'
import { Details } from './Details'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { PhotoForm } from './PhotoForm'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { addressOf, emailsOf, isEmergency, nameOf, phonesOf, recordNumber } from './words'

type Doing = 'details' | 'photo' | 'add' | { contact: number } | { remove: number } | { related: string }

/** How the patient and those around them are reached. */
export function ContactsPart() {
  const { t } = useTranslation()
  const { context, id, may, patient } = useChart()
  const related = useRecords('RelatedPerson')?.filter((it) => it.active !== false) ?? []
  const { doing, begin, done } = useDoing<Doing>()
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
  const writes = may('chart.write') && patient.active !== false
  const act = (label: string, words: string, what: Doing) => (
    <Act label={label} onClick={() => begin(what)}>
      {words}
    </Act>
  )
  return (
    <Part
      title={t('chart.section_contacts')}
      actions={
        <>
          {writes && (
            <>
              <Button onClick={() => begin('details')}>{t('care.changeDetails')}</Button>
              <Button variant="default" onClick={() => begin('add')}>
                {t('care.addContact')}
              </Button>
              <Button variant="default" onClick={() => begin('photo')}>
                {t('photo.change')}
              </Button>
            </>
          )}
          {writes && may('patients.merge') && (
            <Button
              variant="default"
              renderRoot={(props) => (
                <Link
                  to="/c/$context/same/$patient"
                  params={{ context, patient: id }}
                  search={{}}
                  {...props}
                />
              )}
            >
              {t('merges.begin')}
            </Button>
          )}
        </>
      }
    >
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
              chips={isEmergency(it) && <Chip kind="warn">{t('chart.emergencyContact')}</Chip>}
              lines={[
                it.relationship?.map((one) => one.text ?? '').join(', '),
                list(phones(it.telecom)),
                emailsOf(it.telecom).join(' · '),
              ].filter((line) => line && line.length > 0)}
              action={
                writes && (
                  <>
                    {act(t('chart.changeLabel', { name: nameOf(it.name) }), t('chart.change'), {
                      contact: i,
                    })}
                    {act(t('care.removeContactLabel', { name: nameOf(it.name) }), t('care.removeContact'), {
                      remove: i,
                    })}
                  </>
                )
              }
            />
          ))}
          {related
            .filter((it) => !same(nameOf(it.name)))
            .map((it) => (
              <Entry
                key={it.id}
                pending={it.pending}
                title={nameOf(it.name)}
                lines={[
                  it.relationship?.map((one) => one.text ?? one.coding?.[0]?.display ?? '').join(', '),
                  list(phones(it.telecom)),
                  emailsOf(it.telecom).join(' · '),
                  addressOf(it.address),
                ].filter((line) => line && line.length > 0)}
                action={
                  writes &&
                  act(t('chart.changeLabel', { name: nameOf(it.name) }), t('chart.change'), {
                    related: it.id,
                  })
                }
              />
            ))}
        </Group>
      )}
      {may('patients.merge') && <MergeList />}
      {doing === 'details' && <Details onDone={done} />}
      {doing === 'photo' && <PhotoForm onDone={done} />}
      {doing === 'add' && <ContactForm onDone={done} />}
      {doing && typeof doing === 'object' && 'contact' in doing && (
        <ContactForm at={doing.contact} onDone={done} />
      )}
      {doing && typeof doing === 'object' && 'remove' in doing && (
        <RemoveContact at={doing.remove} onDone={done} />
      )}
      {doing && typeof doing === 'object' && 'related' in doing && (
        <RelatedForm record={doing.related} onDone={done} />
      )}
    </Part>
  )
}
