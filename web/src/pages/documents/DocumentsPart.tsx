import { Button, FileButton, NativeSelect, TextInput } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { attachmentOf, CATEGORIES, categoryOf, isFile, TAKEN, whyOf } from '@/api/documents'
import type { DocumentReference } from '@/api/fhirTypes'
import { Act, Entry, Group, Nothing, Part } from '@/pages/chart/Part'
import { useChart, useRecords } from '@/pages/chart/useChart'
import { useDoing } from '@/pages/chart/useDoing'
import { conceptOf } from '@/pages/chart/words'
import { atMoment, onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { AboutFiles } from './AboutFiles'
import classes from './Documents.module.css'
import { DownloadButton } from './DownloadButton'
import { DropZone } from './DropZone'
import { Preview } from './Preview'
import { UploadList } from './UploadList'
import { type Chosen, faultOf, guess, titleOf } from './uploads'
import { useUploads } from './useUploads'
import { WrongDocument } from './WrongDocument'
import './texts'

const ACCEPTED = [...Object.keys(TAKEN), '.heic', '.tif', '.tiff', '.txt'].join(',')
/** From so many on they are looked for. */
const MANY = 6

/** The files of a patient. */
export function DocumentsPart() {
  const { t } = useTranslation()
  const { may, zone } = useChart()
  const records = useRecords('DocumentReference', undefined, 100) ?? []
  const all = records.filter(isFile).toSorted((a, b) => Date.parse(b.date ?? '') - Date.parse(a.date ?? ''))
  const [opened, setOpened] = useState<DocumentReference | null>(null)
  const [chosen, setChosen] = useState<Chosen[]>([])
  const [faults, setFaults] = useState<string[]>([])
  const [typed, setTyped] = useState('')
  const [kind, setKind] = useState('')
  const { uploads, add, cancel, retry, clear } = useUploads()
  const numbers = useRef(0)
  const { doing: wrong, begin, done } = useDoing<DocumentReference>()
  const writes = may('chart.write')
  const nameOf = (it: DocumentReference) => it.description || attachmentOf(it)?.title || conceptOf(it.type)

  function choose(files: File[]) {
    setFaults(
      files.flatMap((file) => {
        const fault = faultOf(file)
        return fault ? [t(`documents.${fault}`, { name: file.name })] : []
      }),
    )
    const good = files.filter((file) => !faultOf(file))
    setChosen(
      good.map((file) => {
        numbers.current += 1
        return { key: numbers.current, file, title: titleOf(file), category: guess(file), date: today(zone) }
      }),
    )
  }

  const wanted = typed.trim().toLowerCase()
  const found = all.filter(
    (it) => (!kind || categoryOf(it) === kind) && (!wanted || nameOf(it).toLowerCase().includes(wanted)),
  )
  return (
    <Part
      title={t('chart.section_documents')}
      actions={
        writes && (
          <>
            <FileButton onChange={(file) => file && choose([file])} accept="image/*" capture="environment">
              {(props) => (
                <Button {...props} variant="default" className={classes.camera}>
                  {t('documents.photo')}
                </Button>
              )}
            </FileButton>
            <FileButton onChange={choose} accept={ACCEPTED} multiple>
              {(props) => <Button {...props}>{t('documents.add')}</Button>}
            </FileButton>
          </>
        )
      }
    >
      {writes && <DropZone onFiles={choose} />}
      {faults.map((fault) => (
        <Notice key={fault} kind="bad">
          {fault}
        </Notice>
      ))}
      <UploadList uploads={uploads} onCancel={cancel} onRetry={retry} onClear={clear} />
      {all.length >= MANY && (
        <div className={classes.filter}>
          <TextInput
            type="search"
            label={t('documents.search')}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <NativeSelect
            size="md"
            label={t('documents.kind')}
            value={kind}
            data={[
              { value: '', label: t('documents.allKinds') },
              ...CATEGORIES.map((value) => ({ value, label: t(`documents.category_${value}`) })),
            ]}
            onChange={(event) => setKind(event.currentTarget.value)}
          />
        </div>
      )}
      {all.length === 0 ? (
        <Nothing>
          {t('documents.none')}
          {writes && <span className={classes.hint}> {t('documents.dropHint')}</span>}
        </Nothing>
      ) : found.length === 0 ? (
        <Nothing>{t('documents.noneFound')}</Nothing>
      ) : (
        <Group>
          {found.map((it) => (
            <Entry
              key={it.id}
              quiet={it.status !== 'current'}
              pending={it.pending}
              title={it.status === 'entered-in-error' ? <s>{nameOf(it)}</s> : nameOf(it)}
              chips={
                <>
                  <Chip>{t(`documents.category_${categoryOf(it)}`)}</Chip>{' '}
                  {it.status === 'entered-in-error' && <Chip kind="bad">{t('documents.inError')}</Chip>}
                  {it.status === 'superseded' && <Chip>{t('documents.superseded')}</Chip>}
                </>
              }
              lines={[
                [
                  attachmentOf(it)?.creation && onDay(attachmentOf(it)?.creation ?? '', zone),
                  it.date && t('chart.recorded', { day: atMoment(it.date, zone) }),
                  it.author?.[0]?.display,
                  sizeOf(attachmentOf(it)?.size, t),
                ]
                  .filter(Boolean)
                  .join(' · '),
                whyOf(it) && t('documents.wrongWhy', { why: whyOf(it) ?? '' }),
              ]}
              action={
                attachmentOf(it)?.url && (
                  <>
                    {writes && it.status !== 'entered-in-error' && (
                      <Act label={t('documents.wrongLabel', { name: nameOf(it) })} onClick={() => begin(it)}>
                        {t('documents.wrong')}
                      </Act>
                    )}
                    <Button
                      variant="light"
                      size="sm"
                      onClick={() => setOpened(it)}
                      aria-label={t('documents.openLabel', { name: nameOf(it) })}
                    >
                      {t('documents.open')}
                    </Button>
                    <DownloadButton document={it} name={nameOf(it)} />
                  </>
                )
              }
            />
          ))}
        </Group>
      )}
      {chosen.length > 0 && (
        <AboutFiles
          key={chosen[0]?.key}
          chosen={chosen}
          today={today(zone)}
          onClose={() => setChosen([])}
          onDone={(files) => {
            setChosen([])
            add(files)
          }}
        />
      )}
      {wrong && <WrongDocument document={wrong} name={nameOf(wrong)} onDone={done} />}
      {opened && <Preview document={opened} name={nameOf(opened)} onClose={() => setOpened(null)} />}
    </Part>
  )
}

function sizeOf(
  bytes: number | undefined,
  t: (key: 'documents.bytes_kb' | 'documents.bytes_mb', values: { count: number }) => string,
) {
  if (!bytes) return undefined
  if (bytes < 1024 * 1024) return t('documents.bytes_kb', { count: Math.max(1, Math.round(bytes / 1024)) })
  return t('documents.bytes_mb', { count: Math.round(bytes / 1024 / 102.4) / 10 })
}
