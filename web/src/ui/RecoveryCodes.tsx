import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { type FormEvent, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Notice } from './Notice'
import classes from './RecoveryCodes.module.css'

const plain = (code: string) => code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

function download(name: string, content: string) {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Shows the codes, helps to keep them, and lets nobody go who has not kept them. */
export function RecoveryCodes({ codes, onKept }: { codes: string[]; onKept(): void }) {
  const { t } = useTranslation()
  const clipboard = useClipboard({ timeout: 2500 })
  const [checking, setChecking] = useState(false)
  const file = useMemo(
    () => [t('recovery.file'), '', ...codes.map((code, i) => `${i + 1}. ${code}`), ''].join('\n'),
    [codes, t],
  )
  if (checking) return <Check codes={codes} onKept={onKept} onBack={() => setChecking(false)} />
  return (
    <Stack>
      <Text c="dimmed">{t('recovery.lead')}</Text>
      <ol className={classes.codes} aria-label={t('recovery.listLabel')}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <Group gap="xs" className="no-print">
        <Button size="sm" variant="default" onClick={() => clipboard.copy(codes.join('\n'))}>
          {clipboard.copied ? t('recovery.copied') : t('recovery.copy')}
        </Button>
        <Button size="sm" variant="default" onClick={() => download(t('recovery.fileName'), file)}>
          {t('recovery.download')}
        </Button>
        <Button size="sm" variant="default" onClick={() => window.print()}>
          {t('recovery.print')}
        </Button>
      </Group>
      <Button className="no-print" onClick={() => setChecking(true)}>
        {t('recovery.kept')}
      </Button>
    </Stack>
  )
}

function Check({ codes, onKept, onBack }: { codes: string[]; onKept(): void; onBack(): void }) {
  const { t } = useTranslation()
  // Any of them would do: the middle one cannot be answered from the first line alone.
  const number = Math.ceil(codes.length / 2)
  const [entered, setEntered] = useState('')
  const [wrong, setWrong] = useState(false)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (plain(entered) === plain(codes[number - 1] ?? '')) onKept()
    else setWrong(true)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text>{t('recovery.check', { number })}</Text>
        <TextInput
          label={t('recovery.checkLabel', { number })}
          value={entered}
          onChange={(event) => {
            setEntered(event.currentTarget.value)
            setWrong(false)
          }}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          autoFocus
        />
        {wrong && <Notice kind="bad">{t('recovery.wrong', { number })}</Notice>}
        <Group grow>
          <Button variant="default" onClick={onBack}>
            {t('recovery.showAgain')}
          </Button>
          <Button type="submit">{t('recovery.done')}</Button>
        </Group>
      </Stack>
    </form>
  )
}
