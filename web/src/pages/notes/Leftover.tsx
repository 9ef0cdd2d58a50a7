import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { noteQueries, notesIn } from '@/api/notes'
import { ProblemNotice } from '@/app/ProblemNotice'
import classes from './Editor.module.css'

interface Props {
  lines: string[]
  /** The signed note that they are not in. */
  note?: string
  context: string
  patient?: string
  /** They are in an addendum, or not wanted any more. */
  onDone(added: boolean): Promise<void>
}

/** Words that came too late for a note: to be copied, or made an addendum. */
export function Leftover({ lines, note, context, patient, onDone }: Props) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [copied, setCopied] = useState(false)
  const [key] = useState(() => crypto.randomUUID())
  const text = lines.join('\n')
  const add = useMutation({
    mutationFn: (to: string) => notesIn(context).addendum(to, text, key),
    onSuccess: async (_, to) => {
      await onDone(true)
      await cache.invalidateQueries({ queryKey: noteQueries(context).note(to).queryKey })
      if (patient) await refreshPatient(cache, context, patient)
    },
  })
  return (
    <section className={classes.card} aria-label={t('notes.leftover')} data-leftover>
      <Stack gap="sm">
        <div>
          <h3>{t('notes.leftover')}</h3>
          <p className={classes.lead}>{t('notes.leftoverLead')}</p>
        </div>
        <ul className={classes.lines}>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <Group gap="xs">
          {note && (
            <Button loading={add.isPending} onClick={() => add.mutate(note)}>
              {t('notes.leftoverAdd')}
            </Button>
          )}
          <Button
            variant="default"
            onClick={() =>
              navigator.clipboard?.writeText(text).then(
                () => setCopied(true),
                () => undefined,
              )
            }
          >
            {t(copied ? 'notes.copied' : 'notes.copy')}
          </Button>
          <Button variant="subtle" onClick={() => onDone(false)}>
            {t('notes.leftoverDrop')}
          </Button>
        </Group>
        <ProblemNotice error={add.error} />
      </Stack>
    </section>
  )
}
