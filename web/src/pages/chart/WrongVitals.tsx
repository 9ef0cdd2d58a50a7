import { Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Observation } from '@/api/fhirTypes'
import { statusWords } from '@/texts/words'
import { atMoment } from '@/texts/zone'
import { ChoiceCard } from '@/ui/ChoiceCard'
import { Dialog } from '@/ui/Dialog'
import { ChangeRecord } from './ChangeRecord'
import { noteAdded, notesOf } from './records'
import { useChart } from './useChart'
import { KINDS, type Kind, numbersOf, type Round, shownNumbers, shownUnit } from './vitals'

/** A measurement that was wrong is not taken away: it is marked, with who says so and why. */
export function WrongVitals({ round, onDone }: { round: Round; onDone(): void }) {
  const { t } = useTranslation()
  const { zone } = useChart()
  const measured = KINDS.filter((kind) => round.of[kind])
  const [kind, setKind] = useState<Kind | undefined>(measured.length === 1 ? measured[0] : undefined)
  const wordsOf = (of: Kind, observation: Observation) => {
    const numbers = numbersOf(of, observation)
    return `${shownNumbers(of, numbers)} ${shownUnit(of, numbers[0])}`
  }
  const observation = kind && round.of[kind]
  if (kind && observation)
    return (
      <ChangeRecord
        type="Observation"
        record={observation.id}
        title={t('vitals.wrongTitle', { what: `${t(`vitals.kind_${kind}`)} ${wordsOf(kind, observation)}` })}
        submit={t('vitals.wrongSave')}
        begin={{ note: '' }}
        fields={[
          { key: 'note', label: t('vitals.wrongWhy'), kind: 'area', needed: t('vitals.wrongWhyNeeded') },
        ]}
        build={({ note }, standing, now) => ({
          status: 'entered-in-error',
          note: noteAdded(standing, note, now),
        })}
        describe={(it) => [
          [t(`vitals.kind_${kind}`), wordsOf(kind, it)],
          [t('vitals.when'), it.effectiveDateTime ? atMoment(it.effectiveDateTime, zone) : ''],
          [t('chart.status'), statusWords(it.status)],
          [t('chart.note'), notesOf(it)],
        ]}
        onDone={onDone}
      />
    )
  return (
    <Dialog title={t('vitals.wrongPick')} onClose={onDone}>
      <Stack gap="xs">
        <Text c="dimmed">{t('vitals.wrongLead', { when: atMoment(round.at, zone) })}</Text>
        {measured.map((of) => {
          const one = round.of[of]
          return (
            one && (
              <ChoiceCard
                key={of}
                title={t(`vitals.kind_${of}`)}
                text={wordsOf(of, one)}
                onClick={() => setKind(of)}
              />
            )
          )
        })}
      </Stack>
    </Dialog>
  )
}
