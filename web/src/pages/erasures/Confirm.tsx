import { Button, Group, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemNotice } from '@/app/ProblemNotice'
import { erasures } from '@/texts/en/erasures'
import { Dialog } from '@/ui/Dialog'
import './texts'

/** Something that is decided about a record, before it is. */
export interface Deed {
  title: string
  lines: ReactNode[]
  /** What is chosen from; the first is what stands there. */
  choice?: { label: string; options: { value: string; label: string }[] }
  /** What is said besides. */
  words?: { label: string; hint: string; needed: string; most: number }
  /** What has to be typed, so that nobody does it by accident. */
  typed?: string
  /** Whether it cannot be undone. */
  final?: boolean
  submit: string
  act(chosen: string, said: string): Promise<unknown>
  done(): void
}

/** Asks once more, and says what it does. */
export function Confirm({ deed, onClose }: { deed: Deed; onClose(): void }) {
  const { t } = useTranslation()
  const [chosen, choose] = useState(deed.choice?.options[0]?.value ?? '')
  const [said, say] = useState('')
  const [typed, type] = useState('')
  const [tried, setTried] = useState(false)
  const act = useMutation({
    mutationFn: () => deed.act(chosen, said.trim()),
    onSuccess: () => {
      onClose()
      deed.done()
    },
  })
  const { typed: word, words } = deed
  const same = (text: string) => text.trim().replace(/\s+/g, ' ').toLowerCase()
  const mistyped = word !== undefined && same(typed) !== same(word)
  const unsaid = words !== undefined && (said.trim() === '' || said.trim().length > words.most)
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (!mistyped && !unsaid) act.mutate()
  }
  return (
    <Dialog title={deed.title} onClose={onClose}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {deed.lines.filter(Boolean).map((line) => (
            <Text key={String(line)}>{line}</Text>
          ))}
          {deed.choice && (
            <Radio.Group label={deed.choice.label} value={chosen} onChange={choose}>
              <Stack gap="xs" mt="xs">
                {deed.choice.options.map((it) => (
                  <Radio key={it.value} value={it.value} label={it.label} />
                ))}
              </Stack>
            </Radio.Group>
          )}
          {words && (
            <Textarea
              label={words.label}
              description={words.hint}
              rows={3}
              value={said}
              error={tried && unsaid ? words.needed : undefined}
              onChange={(event) => say(event.currentTarget.value)}
            />
          )}
          {word !== undefined && (
            <TextInput
              label={t('erasures.typeName', { name: word })}
              autoComplete="off"
              spellCheck={false}
              value={typed}
              error={tried && mistyped ? t('erasures.typeWrong', { name: word }) : undefined}
              onChange={(event) => type(event.currentTarget.value)}
            />
          )}
          <ProblemNotice error={act.error} instead={erasures.refusal} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('erasures.cancel')}
            </Button>
            <Button type="submit" color={deed.final ? 'red' : undefined} loading={act.isPending}>
              {deed.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
