import { Button, Group, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { notesIn } from '@/api/notes'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { useChart } from '@/pages/chart/useChart'
import { useDraft } from '@/session/drafts'
import classes from './Signed.module.css'

/** Something to stand below a signed note. Sent twice it is added once. */
export function AddAddendum({ note, onDone }: { note: string; onDone(added: boolean): Promise<void> }) {
  const { t } = useTranslation()
  const { context, draftKey } = useChart()
  const draft = useDraft<string>(draftKey(`addendum ${note}`), () => '')
  const add = useMutation({
    mutationFn: () => {
      const text = draft.value.trim()
      return notesIn(context).addendum(
        note,
        text,
        draft.attempt(text, () => crypto.randomUUID()),
      )
    },
    onSuccess: async () => {
      draft.clear()
      await onDone(true)
    },
  })
  return (
    <form
      className={classes.card}
      data-noprint
      onSubmit={(event) => {
        event.preventDefault()
        if (draft.value.trim() !== '' && !add.isPending) add.mutate()
      }}
    >
      <Stack gap="md">
        <Textarea
          size="md"
          rows={3}
          resize="vertical"
          label={t('notes.addendumField')}
          description={t('notes.addendumHint')}
          maxLength={20_000}
          autoFocus
          readOnly={add.isPending}
          value={draft.value}
          onChange={(event) => draft.change(event.currentTarget.value)}
        />
        {add.isError && <ChartProblem error={add.error} unsaved />}
        <Group gap="xs">
          <Button type="submit" loading={add.isPending} disabled={draft.value.trim() === ''}>
            {t('notes.addendumSend')}
          </Button>
          <Button
            variant="default"
            disabled={add.isPending}
            onClick={() => {
              draft.clear()
              onDone(false)
            }}
          >
            {t('common.cancel')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
