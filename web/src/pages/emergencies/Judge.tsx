import { Button, Stack, Text, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { hasCode } from '@/api/errors'
import type { Judgement } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useContextId } from '@/pages/context/useContextId'
import classes from '@/ui/CaseList.module.css'
import { type Acting, isGone } from './acting'

/** Of a note, in characters. */
const MOST = 500

/** A verdict on somebody else's access. It is proved for, and it stands. */
export function Judge({ emergency, labelledBy, onDone }: Acting) {
  const { t } = useTranslation()
  const context = useContextId()
  const [note, setNote] = useState('')
  const [tried, setTried] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const hint = useId()
  const { name } = emergency
  // As the server counts: a character may be two units of UTF-16.
  const over = [...note.trim()].length - MOST

  const overtaken = (error: unknown) => hasCode(error, 'already-reviewed') || isGone(error)
  const judge = useMutation({
    mutationFn: (verdict: Judgement['verdict']) =>
      inContext(context).judgeEmergency(emergency.emergency, { verdict, note: note.trim() }),
    onSuccess: () => onDone({ how: 'judged', name }),
    onError: (error) =>
      overtaken(error)
        ? onDone({ how: isGone(error) ? 'gone' : 'already', name, unsaved: note.trim() })
        : undefined,
  })
  function say(verdict: Judgement['verdict']) {
    setTried(over > 0)
    if (over > 0) field.current?.focus()
    else judge.mutate(verdict)
  }
  const pending = (verdict: Judgement['verdict']) => judge.isPending && judge.variables === verdict
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset needs a legend, and its name is the heading above
    <div role="group" aria-labelledby={labelledBy} className={classes.decide}>
      <Stack gap="sm" className={classes.fields}>
        <Textarea
          size="md"
          rows={3}
          resize="vertical"
          label={t('emergencies.yourNote')}
          description={t('emergencies.noteHint', { most: MOST })}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          autoComplete="off"
          ref={field}
          value={note}
          readOnly={judge.isPending}
          error={tried && over > 0 ? t('emergencies.noteTooLong', { count: over }) : undefined}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Text id={hint}>{t('emergencies.judgeHint')}</Text>
        {!overtaken(judge.error) && <ProblemNotice error={judge.error} />}
        <div className={classes.buttons}>
          {/* Neither is the one to begin with. */}
          <Button
            variant="default"
            aria-describedby={`${labelledBy} ${hint}`}
            loading={pending('justified')}
            disabled={pending('not-justified')}
            onClick={() => say('justified')}
          >
            {t('emergencies.justified')}
          </Button>
          <Button
            variant="default"
            aria-describedby={`${labelledBy} ${hint}`}
            loading={pending('not-justified')}
            disabled={pending('justified')}
            onClick={() => say('not-justified')}
          >
            {t('emergencies.not-justified')}
          </Button>
        </div>
      </Stack>
    </div>
  )
}
