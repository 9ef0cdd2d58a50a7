import { Button, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type HandoverDraft, type HandoverLine, shiftIn, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { useDraft } from '@/session/drafts'
import { Busy } from '@/ui/Busy'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import classes from './Shift.module.css'

interface Props {
  facility: string
  /** The name of what is typed. */
  form: string
  onClose(): void
  onSigned(): void
}

type Which = 'current' | 'previous'
/** What was changed, by resident; those who are not in it are as they were found. */
type Edited = Record<string, HandoverLine[]>
const MOST = 500
const MOST_LINES = 30

/** Begins with what happened; nothing of it is kept anywhere before it is signed. */
export function WriteHandover({ facility, form, onClose, onSigned }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const draft = useDraft<{ which: Which; edited: Edited }>(form, () => ({ which: 'current', edited: {} }))
  const { which } = draft.value
  const { data: found, error } = useQuery(shiftQueries(context).draft(facility, which))
  return (
    <Section title={t('handovers.write')} lead={t('handovers.writeLead')}>
      <Stack gap="md">
        <NativeSelect
          label={t('handovers.which')}
          value={which}
          onChange={(event) => draft.change({ which: event.currentTarget.value as Which, edited: {} })}
          data={(['current', 'previous'] as const).map((value) => ({
            value,
            label: t(`handovers.${value}`),
          }))}
        />
        <ProblemNotice error={error} />
        {!found && !error && <Busy label={t('handovers.loading')} />}
        {found && (
          <Lines
            found={found}
            facility={facility}
            edited={draft.value.edited}
            onEdit={(edited) => draft.change({ which, edited })}
            onClose={() => {
              draft.clear()
              onClose()
            }}
            onSigned={() => {
              draft.clear()
              onSigned()
            }}
          />
        )}
      </Stack>
    </Section>
  )
}

function Lines({
  found,
  facility,
  edited,
  onEdit,
  onClose,
  onSigned,
}: {
  found: HandoverDraft
  facility: string
  edited: Edited
  onEdit(edited: Edited): void
  onClose(): void
  onSigned(): void
}) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const [fault, setFault] = useState<'signNeeded' | null>(null)
  const form = useRef<HTMLFormElement>(null)
  // Where one goes on: the line that was added, or what stands behind the one that was taken out.
  const [next, setNext] = useState<{ patient: string; at: number } | null>(null)
  useEffect(() => {
    if (!next) return
    const group = form.current?.querySelector(`[data-patient="${next.patient}"]`)
    const fields = group?.querySelectorAll('textarea')
    const there = fields?.[next.at] ?? group?.querySelector<HTMLElement>('[data-add]')
    ;(there ?? form.current?.querySelector<HTMLElement>(`[data-quiet="${next.patient}"]`))?.focus()
  }, [next])
  const residents = found.residents.map((it) => ({
    ...it,
    name: it.name || t('chart.nameless'),
    lines: edited[it.patient] ?? it.lines,
  }))
  const spoken = residents.filter((it) => it.lines.length > 0)
  const quiet = residents.filter((it) => it.lines.length === 0)
  const sign = useMutation({
    mutationFn: () =>
      shiftIn(context).handOver(
        facility,
        found.shift.from,
        spoken
          .map(({ patient, lines }) => ({
            patient,
            lines: lines
              .map((line) => ({ ...line, text: line.text.trim() }))
              .filter((line) => line.text !== ''),
          }))
          .filter((it) => it.lines.length > 0),
      ),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: shiftQueries(context).all })
      onSigned()
    },
  })
  function change(patient: string, lines: HandoverLine[]) {
    setFault(null)
    onEdit({ ...edited, [patient]: lines })
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    if (sign.isPending) return
    if (!spoken.some((it) => it.lines.some((line) => line.text.trim() !== ''))) return setFault('signNeeded')
    sign.mutate()
  }
  function more(patient: string, lines: HandoverLine[]) {
    change(patient, [...lines, { kind: 'said', text: '' }])
    setNext({ patient, at: lines.length })
  }
  function less(patient: string, lines: HandoverLine[], at: number) {
    change(patient, lines.toSpliced(at, 1))
    setNext({ patient, at })
  }
  return (
    <form ref={form} onSubmit={submit} noValidate className={classes.list} aria-label={t('handovers.write')}>
      {spoken.map(({ patient, name, room, lines }) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset needs a legend, and its name is the heading
        <div key={patient} role="group" aria-label={name} className={classes.card} data-patient={patient}>
          <div className={classes.head}>
            <h3 className={classes.name}>{name}</h3>
            <span className={classes.quiet}>{room ?? t('shift.noRoom')}</span>
          </div>
          {lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is where it stands
            <div key={at} className={classes.line}>
              <Textarea
                label={t(`handovers.kind_${line.kind}`)}
                aria-label={t('handovers.line', { kind: t(`handovers.kind_${line.kind}`), name })}
                rows={1}
                resize="vertical"
                maxLength={MOST}
                value={line.text}
                onChange={(event) =>
                  change(patient, lines.with(at, { ...line, text: event.currentTarget.value }))
                }
              />
              <Button
                size="sm"
                variant="subtle"
                aria-label={t('handovers.removeOf', { text: line.text || name })}
                onClick={() => less(patient, lines, at)}
              >
                {t('handovers.remove')}
              </Button>
            </div>
          ))}
          <div>
            <Button
              size="sm"
              variant="default"
              data-add
              aria-label={t('handovers.addOf', { name })}
              disabled={lines.length >= MOST_LINES}
              onClick={() => more(patient, lines)}
            >
              {t('handovers.add')}
            </Button>
          </div>
        </div>
      ))}
      {quiet.length > 0 && (
        <div className={classes.card}>
          <Text>{t('handovers.quiet', { count: quiet.length })}</Text>
          <div className={classes.buttons}>
            {quiet.map(({ patient, name, lines }) => (
              <Button
                key={patient}
                size="sm"
                variant="default"
                data-quiet={patient}
                aria-label={t('handovers.addOf', { name })}
                onClick={() => more(patient, lines)}
              >
                {name}
              </Button>
            ))}
          </div>
        </div>
      )}
      {fault && <Notice kind="bad">{t(`handovers.${fault}`)}</Notice>}
      <ProblemNotice
        error={sign.error}
        instead={{
          'already-handed-over': t('handovers.already-handed-over'),
          'not-here': t('handovers.not-here'),
        }}
      />
      <div className={classes.buttons}>
        <Button type="submit" loading={sign.isPending}>
          {t('handovers.sign')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}
