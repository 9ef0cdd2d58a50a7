import { Button, Group } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { atMoment } from '@/texts/zone'
import { Notice } from '@/ui/Notice'
import { linesOf } from './answers'
import { itemOf } from './form'
import type { Keeper, State } from './Keeper'
import { Leftover } from './Leftover'

/** What happened to the draft while nobody looked: words that came back, words of others, its end. */
export function News({
  state,
  keeper,
  zone,
  context,
  patient,
}: {
  state: State
  keeper: Keeper
  zone: string
  context: string
  patient: string
}) {
  const { t } = useTranslation()
  const [added, setAdded] = useState(false)
  const { recovered, joined, ended, clashes, draft, answers } = state
  const { questionnaire } = draft.template
  const nameOf = (linkId: string) => itemOf(questionnaire, linkId)?.text ?? ''
  if (ended) {
    const lines = linesOf(questionnaire, draft.answers, answers, zone)
    return (
      <>
        <Notice kind="bad">
          {t(ended.kind === 'signed' ? 'notes.endedSigned' : 'notes.endedGone')}{' '}
          {ended.kind === 'signed' && (
            <Link
              to="/c/$context/patients/$patient/notes/$note"
              params={{ context, patient, note: ended.composition }}
            >
              {t('notes.endedOpen')}
            </Link>
          )}
        </Notice>
        {added && <Notice kind="good">{t('notes.addendumSaved')}</Notice>}
        {lines.length > 0 && (
          <Leftover
            lines={lines}
            note={ended.kind === 'signed' ? ended.composition : undefined}
            context={context}
            patient={patient}
            onDone={(made) => {
              setAdded(made)
              return keeper.close()
            }}
          />
        )}
      </>
    )
  }
  if (recovered === null && joined === null) return null
  const fields = joined?.fields.map(nameOf).filter(Boolean).join(', ') ?? ''
  return (
    <Notice kind="info">
      <Group justify="space-between" gap="sm">
        <div>
          {recovered !== null && (
            <div>{t('notes.recovered', { when: atMoment(new Date(recovered).toISOString(), zone) })}</div>
          )}
          {joined && fields && <div>{t('notes.joined', { by: joined.by, fields })}</div>}
          {joined && Object.keys(clashes).length > 0 && (
            <div>{t('notes.joinedClash', { by: joined.by })}</div>
          )}
        </div>
        <Button size="compact-sm" variant="default" onClick={() => keeper.hush()}>
          {t('notes.newsRead')}
        </Button>
      </Group>
    </Notice>
  )
}
