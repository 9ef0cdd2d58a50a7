import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type ExportFile, exportsOf } from '@/api/exports'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import own from './Exports.module.css'

const number1 = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** A length as people say it. */
function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${number1.format(bytes / 1000)} kB`
  return `${number1.format(bytes / 1_000_000)} MB`
}

/** A file of an export, to be saved to the device. */
export function FileLine({ file, part }: { file: ExportFile; part: number | null }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const type = file.deleted ? t('exports.deletedOf', { type: file.type }) : file.type
  const name = part ? t('exports.partOf', { type, number: part }) : type
  const save = useMutation({
    mutationFn: async () => {
      const address = URL.createObjectURL(await exportsOf(context).file(file.url))
      const anchor = document.createElement('a')
      anchor.href = address
      anchor.download = `${file.type}${file.deleted ? '-deleted' : ''}${part ? `-${part}` : ''}.ndjson`
      anchor.click()
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
    },
  })
  return (
    <li className={own.file}>
      <div className={own.about}>
        <span className={own.name}>{name}</span>
        <span className={own.size}>
          {t('exports.size', {
            records: t('exports.records', { count: file.records }),
            size: sizeWords(file.bytes),
          })}
        </span>
      </div>
      <Button
        variant="subtle"
        size="sm"
        loading={save.isPending}
        onClick={() => save.mutate()}
        aria-label={t('exports.saveLabel', { name })}
      >
        {t('exports.save')}
      </Button>
      {save.isError && (
        <div className={own.fault}>
          <Notice kind="bad">{t('exports.saveFailed')}</Notice>
        </div>
      )}
    </li>
  )
}
