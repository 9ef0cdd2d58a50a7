import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getDocument } from '@/api/documents'
import type { DocumentReference } from '@/api/fhirTypes'
import { useChart } from '@/pages/chart/useChart'
import classes from './Documents.module.css'

/** Saves a document to the device. */
export function DownloadButton({ document: it, name }: { document: DocumentReference; name: string }) {
  const { t } = useTranslation()
  const { context } = useChart()
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle')
  async function save() {
    setState('busy')
    try {
      const { blob, link } = await getDocument({ context, document: it.id }, 'download')
      const address = URL.createObjectURL(blob)
      const anchor = document.createElement('a')
      anchor.href = address
      anchor.download = link.file_name
      anchor.click()
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
      setState('idle')
    } catch {
      setState('failed')
    }
  }
  return (
    <span className={classes.download}>
      <Button
        variant="subtle"
        size="sm"
        loading={state === 'busy'}
        onClick={() => void save()}
        aria-label={t('documents.downloadLabel', { name })}
      >
        {t('documents.download')}
      </Button>
      {state === 'failed' && (
        <span role="alert" className={classes.fault}>
          {t('documents.gone')}
        </span>
      )}
    </span>
  )
}
