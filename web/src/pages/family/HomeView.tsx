import { Button } from '@mantine/core'
import { type ReactNode, useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { attachmentOf, isFile } from '@/api/documents'
import type { Home } from '@/api/family'
import type { DocumentReference, Observation, Resource } from '@/api/fhirTypes'
import { awayOf, roomOf } from '@/pages/chart/essentials'
import { Entry, Group } from '@/pages/chart/Part'
import { sourceOf } from '@/pages/chart/picture'
import { notesOf } from '@/pages/chart/records'
import { Trends } from '@/pages/chart/Trends'
import { KINDS, type Kind, numbersOf, roundsOf, shownNumbers, shownUnit } from '@/pages/chart/vitals'
import { addressOf, conceptOf, nameOf, narrativeWords, phonesOf, quantityOf } from '@/pages/chart/words'
import { Preview } from '@/pages/documents/Preview'
import { ageOn, atMoment, onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import classes from './Family.module.css'
import { Mark, MarkOf } from './News'
import { allOf, isNow, measuresOf, type Shown, stands, wordsOf } from './parts'
import { Spark } from './Spark'

interface Props {
  home: Home
  zone: string
  /** Who it is of stands above it already. */
  headless?: true
}

/** What is shared of a patient: nothing else is known here, so what there is none of has no heading. */
export function HomeView({ home, zone, headless }: Props) {
  const { t } = useTranslation()
  const { resources, complete } = home
  const sections = useSections(resources, zone)
  return (
    <div className={classes.home}>
      {!headless && <Who resources={resources} zone={zone} />}
      {sections.length === 0 && <p className={classes.nothing}>{t('family.nothing')}</p>}
      {sections}
      {!complete && <p className={classes.quiet}>{t('family.notAll')}</p>}
    </div>
  )
}

/** Name, age and where they are, as far as that is shared. */
export function Who({ resources, zone }: { resources: Resource[]; zone: string }) {
  const { t } = useTranslation()
  const [patient] = allOf(resources, 'Patient')
  const photo = sourceOf(patient?.photo)
  const name = nameOf(patient?.name)
  const age = ageOn(patient?.birthDate, today(zone))
  const facts = [
    age !== undefined && t('family.age', { count: age }),
    patient?.birthDate && onDay(patient.birthDate, zone),
    addressOf(patient?.address),
    ...phonesOf(patient?.telecom),
  ].filter(Boolean)
  return (
    <div className={classes.who}>
      {photo && <img className={classes.photo} src={photo} alt="" />}
      <div>
        {name && (
          <h2 className={classes.name} id="person">
            {name} <Mark ids={[patient?.id]} />
          </h2>
        )}
        {facts.length > 0 && <p className={classes.quiet}>{facts.join(' · ')}</p>}
        <Stay resources={resources} zone={zone} />
      </div>
    </div>
  )
}

function Stay({ resources, zone }: { resources: Resource[]; zone: string }) {
  const { t } = useTranslation()
  const stays = allOf(resources, 'Encounter').filter(stands)
  const current = stays.filter((it) => ['in-progress', 'onleave', 'arrived'].includes(it.status))
  const [stay] = current
  if (!stay) return null
  const room = roomOf(current)
  const since = stay.period?.start
  const day = since && onDay(since, zone)
  return (
    <p className={classes.status}>
      {day && room && t('family.staysIn', { place: room, day })}
      {day && !room && t('family.stays', { day })}
      {!day && room && t('family.place', { place: room })}{' '}
      {(stay.status === 'onleave' || awayOf(current)) && <Chip kind="warn">{t('family.away')}</Chip>}
    </p>
  )
}

/** A heading and what stands below it; nothing where there is nothing. */
function Section({ category, children }: { category: Shown; children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <section className={classes.section} id={category}>
      <h3 className={classes.sectionTitle}>
        {t(`family.category_${category}`)} <MarkOf category={category} />
      </h3>
      {children}
    </section>
  )
}

function useSections(resources: Resource[], zone: string): ReactNode[] {
  const { t } = useTranslation()
  const sections: ReactNode[] = []
  const day = (at: string | undefined) => at && onDay(at, zone)
  const add = (category: Shown, entries: ReactNode[]) => {
    if (entries.length > 0)
      sections.push(
        <Section key={category} category={category}>
          <Group>{entries}</Group>
        </Section>,
      )
  }
  const observations = allOf(resources, 'Observation')
  if (observations.some(stands))
    sections.push(
      <Section key="measurements" category="measurements">
        <Measurements observations={observations} zone={zone} />
      </Section>,
    )
  const documents = allOf(resources, 'DocumentReference').filter(
    (it) => stands(it) && it.status !== 'superseded',
  )
  if (documents.length > 0)
    sections.push(
      <Section key="documents" category="documents">
        <Documents documents={documents} zone={zone} />
      </Section>,
    )
  add(
    'notes',
    allOf(resources, 'Composition')
      .filter(stands)
      .map((it) => (
        <Entry
          key={it.id}
          chips={<Mark ids={[it.id]} />}
          title={it.title ?? conceptOf(it.type)}
          lines={[
            [it.date && atMoment(it.date, zone), it.author?.[0]?.display].filter(Boolean).join(' · '),
            narrativeWords(it.text?.div) ||
              (it.section ?? [])
                .map((one) => narrativeWords(one.text?.div))
                .filter(Boolean)
                .join('\n'),
          ]}
        />
      )),
  )
  add(
    'medications',
    [...allOf(resources, 'MedicationRequest'), ...allOf(resources, 'MedicationStatement')]
      .filter((it) => stands(it) && isNow(it))
      .map((it) => (
        <Entry
          key={it.id}
          chips={<Mark ids={[it.id]} />}
          title={
            conceptOf(it.medicationCodeableConcept) ||
            it.medicationReference?.display ||
            t('family.category_medications')
          }
          lines={[
            (it.resourceType === 'MedicationRequest' ? it.dosageInstruction : it.dosage)
              ?.map((one) => one.text)
              .filter(Boolean)
              .join('\n'),
            it.resourceType === 'MedicationRequest' && it.reasonCode?.map(conceptOf).join(', '),
            it.resourceType === 'MedicationRequest' &&
              it.authoredOn &&
              t('chart.since', { day: onDay(it.authoredOn, zone) }),
          ]}
        />
      )),
  )
  add(
    'problems',
    allOf(resources, 'Condition')
      .filter(stands)
      .toSorted((a, b) => Number(isNow(b)) - Number(isNow(a)))
      .map((it) => (
        <Entry
          key={it.id}
          chips={<Mark ids={[it.id]} />}
          quiet={!isNow(it)}
          title={conceptOf(it.code) || t('family.category_problems')}
          lines={[it.onsetDateTime && t('chart.since', { day: day(it.onsetDateTime) ?? '' }), notesOf(it)]}
        />
      )),
  )
  add(
    'allergies',
    allOf(resources, 'AllergyIntolerance')
      .filter((it) => stands(it) && isNow(it))
      .map((it) => (
        <Entry
          key={it.id}
          title={conceptOf(it.code) || t('family.category_allergies')}
          chips={
            <>
              {it.criticality === 'high' && <Chip kind="bad">{t('family.severe')}</Chip>}{' '}
              <Mark ids={[it.id]} />
            </>
          }
          lines={[
            it.reaction
              ?.flatMap((one) => [...(one.manifestation ?? []).map(conceptOf), one.description])
              .filter(Boolean)
              .join(', '),
            notesOf(it),
          ]}
        />
      )),
  )
  add(
    'care-plan',
    [...allOf(resources, 'CarePlan'), ...allOf(resources, 'Goal')].filter(stands).map((it) => (
      <Entry
        key={it.id}
        chips={<Mark ids={[it.id]} />}
        title={
          it.resourceType === 'CarePlan'
            ? (it.title ?? it.description ?? t('family.category_care-plan'))
            : conceptOf(it.description)
        }
        lines={[
          it.resourceType === 'CarePlan' &&
            it.activity
              ?.map((one) => one.detail?.description ?? conceptOf(one.detail?.code))
              .filter(Boolean)
              .join('\n'),
          it.resourceType === 'CarePlan' && day(it.period?.start),
          notesOf(it),
        ]}
      />
    )),
  )
  add(
    'immunizations',
    allOf(resources, 'Immunization')
      .filter(stands)
      .map((it) => (
        <Entry
          key={it.id}
          chips={<Mark ids={[it.id]} />}
          title={conceptOf(it.vaccineCode) || t('family.category_immunizations')}
          lines={[day(it.occurrenceDateTime)]}
        />
      )),
  )
  add(
    'stays',
    allOf(resources, 'Encounter')
      .filter(stands)
      .map((it) => (
        <Entry
          key={it.id}
          chips={<Mark ids={[it.id]} />}
          quiet={it.status === 'finished'}
          title={
            it.type?.map(conceptOf).filter(Boolean)[0] ?? it.class?.display ?? t('family.category_stays')
          }
          lines={[
            [day(it.period?.start), day(it.period?.end)].filter(Boolean).join(' – '),
            it.location
              ?.map((one) => one.location.display)
              .filter(Boolean)
              .join(', '),
            it.reasonCode?.map(conceptOf).filter(Boolean).join(', '),
          ]}
        />
      )),
  )
  const [patient] = allOf(resources, 'Patient')
  add('contacts', [
    ...(patient?.contact ?? []).map((it, i) => (
      <Entry
        // biome-ignore lint/suspicious/noArrayIndexKey: contacts have no identity of their own
        key={i}
        title={nameOf(it.name) || t('family.category_contacts')}
        lines={[it.relationship?.map(conceptOf).filter(Boolean).join(', '), phonesOf(it.telecom).join(', ')]}
      />
    )),
    ...allOf(resources, 'RelatedPerson').map((it) => (
      <Entry
        key={it.id}
        chips={<Mark ids={[it.id]} />}
        title={nameOf(it.name)}
        lines={[it.relationship?.map(conceptOf).filter(Boolean).join(', '), phonesOf(it.telecom).join(', ')]}
      />
    )),
  ])
  add('other', others(resources, zone))
  return sections
}

/** Appointments and incidents, and what was shared by its type: what it is, and when. */
function others(resources: Resource[], zone: string): ReactNode[] {
  const known = new Set(
    'Patient,Observation,DocumentReference,Composition,MedicationRequest,MedicationStatement,Condition,AllergyIntolerance,CarePlan,Goal,Immunization,Encounter,RelatedPerson'.split(
      ',',
    ),
  )
  interface Loose {
    id: string
    resourceType: string
    status?: string
    description?: string
    code?: { text?: string }
    event?: { text?: string }
    date?: string
    start?: string
    outcome?: { text?: string }
  }
  const rest = resources.filter((it) => !known.has(it.resourceType)) as unknown as Loose[]
  return rest
    .filter(stands)
    .map((it) => (
      <Entry
        key={it.id}
        chips={<Mark ids={[it.id]} />}
        title={conceptOf(it.code ?? it.event) || it.description || it.resourceType}
        lines={[(it.start ?? it.date) && atMoment(it.start ?? it.date ?? '', zone), conceptOf(it.outcome)]}
      />
    ))
}

/** A telephone's screen holds so many. */
const FEW = 6

function Measurements({ observations, zone }: { observations: Observation[]; zone: string }) {
  const { t } = useTranslation()
  const rounds = useMemo(() => roundsOf(observations), [observations])
  const measures = useMemo(() => measuresOf(observations), [observations])
  const latest = KINDS.flatMap((kind) => {
    const round = rounds.find((it) => it.of[kind])
    const numbers = round?.of[kind] ? numbersOf(kind, round.of[kind]) : []
    return round && numbers.length > 0 ? [{ kind, round, numbers }] : []
  })
  const mark = useCallback((kind: Kind) => <Mark ids={rounds.map((round) => round.of[kind]?.id)} />, [rounds])
  const [every, setEvery] = useState(false)
  const shown = every ? measures : measures.slice(0, FEW)
  // One alone is no trend and is told in words.
  const alone = latest.filter((it) => rounds.filter((round) => round.of[it.kind]).length === 1)
  return (
    <div className={classes.measures}>
      <Trends rounds={rounds} zone={zone} mark={mark} />
      {(alone.length > 0 || measures.length > 0) && (
        <Group>
          {alone.map(({ kind, round, numbers }) => (
            <Entry
              key={kind}
              title={t(`vitals.kind_${kind}`)}
              chips={<Mark ids={[round.of[kind]?.id]} />}
              lines={[atMoment(round.at, zone)]}
              aside={`${shownNumbers(kind, numbers)} ${shownUnit(kind, numbers[0])}`}
            />
          ))}
          {shown.map(({ name, all }) => (
            <Entry
              key={name}
              title={name}
              chips={<Mark ids={all.map((it) => it.id)} />}
              lines={[
                all[0]?.effectiveDateTime && atMoment(all[0].effectiveDateTime, zone),
                all[0] && notesOf(all[0]),
                all.length > 1 && t('family.earlier', { count: all.length - 1 }),
              ]}
              aside={
                <>
                  <strong className={classes.value}>
                    {all[0] && (quantityOf(all[0].valueQuantity) || wordsOf(all[0]))}
                  </strong>
                  <Spark all={all} zone={zone} />
                </>
              }
            />
          ))}
        </Group>
      )}
      {shown.length < measures.length && (
        <div>
          <Button variant="default" size="sm" onClick={() => setEvery(true)}>
            {t('family.showAll', { count: measures.length })}
          </Button>
        </div>
      )}
    </div>
  )
}

function Documents({ documents, zone }: { documents: DocumentReference[]; zone: string }) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState<DocumentReference | null>(null)
  const nameOfOne = (it: DocumentReference) =>
    it.description || attachmentOf(it)?.title || conceptOf(it.type) || t('family.category_documents')
  return (
    <>
      <Group>
        {documents.map((it) => (
          <Entry
            key={it.id}
            chips={<Mark ids={[it.id]} />}
            title={nameOfOne(it)}
            lines={[it.date && atMoment(it.date, zone)]}
            action={
              isFile(it) &&
              attachmentOf(it)?.url && (
                <Button
                  variant="light"
                  size="sm"
                  onClick={() => setOpened(it)}
                  aria-label={t('documents.openLabel', { name: nameOfOne(it) })}
                >
                  {t('documents.open')}
                </Button>
              )
            }
          />
        ))}
      </Group>
      {opened && <Preview document={opened} name={nameOfOne(opened)} onClose={() => setOpened(null)} />}
    </>
  )
}
