import { Button, CloseButton, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CATEGORIES } from '@/api/documents'
import type { DocumentCategory } from '@/api/types'
import { Dialog } from '@/ui/Dialog'
import classes from './Documents.module.css'
import type { Chosen } from './uploads'

interface Props {
  chosen: Chosen[]
  today: string
  onDone(chosen: Chosen[]): void
  onClose(): void
}

/** Says of chosen files what they are, before they go. */
export function AboutFiles({ chosen, today, onDone, onClose }: Props) {
  const { t } = useTranslation()
  const [files, setFiles] = useState(chosen)
  const [asked, setAsked] = useState(false)
  const change = (key: number, what: Partial<Chosen>) =>
    setFiles((all) => all.map((it) => (it.key === key ? { ...it, ...what } : it)))
  const leaveOut = (key: number) => {
    const rest = files.filter((it) => it.key !== key)
    if (rest.length === 0) onClose()
    else setFiles(rest)
  }
  return (
    <Dialog title={t(files.length === 1 ? 'documents.aboutOne' : 'documents.about')} onClose={onClose} wide>
      <form
        noValidate
        className={classes.about}
        onSubmit={(event) => {
          event.preventDefault()
          setAsked(true)
          if (files.every((it) => it.title.trim() !== '')) onDone(files)
        }}
      >
        {files.map((it) => (
          <fieldset key={it.key} className={classes.file}>
            <legend className={classes.legend}>{it.file.name}</legend>
            <TextInput
              label={t('documents.title')}
              value={it.title}
              maxLength={200}
              required
              withAsterisk={false}
              data-autofocus={it === files[0] || undefined}
              error={asked && it.title.trim() === '' && t('documents.titleNeeded')}
              onChange={(event) => change(it.key, { title: event.currentTarget.value })}
            />
            <NativeSelect
              size="md"
              label={t('documents.kind')}
              value={it.category}
              data={CATEGORIES.map((value) => ({ value, label: t(`documents.category_${value}`) }))}
              onChange={(event) =>
                change(it.key, { category: event.currentTarget.value as DocumentCategory })
              }
            />
            <TextInput
              type="date"
              label={t('documents.date')}
              value={it.date}
              max={today}
              onChange={(event) => change(it.key, { date: event.currentTarget.value })}
            />
            {files.length > 1 && (
              <CloseButton
                className={classes.leaveOut}
                aria-label={t('documents.remove', { name: it.file.name })}
                onClick={() => leaveOut(it.key)}
              />
            )}
          </fieldset>
        ))}
        <Button type="submit">{t('documents.upload', { count: files.length })}</Button>
      </form>
    </Dialog>
  )
}
