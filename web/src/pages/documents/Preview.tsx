import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { attachmentOf, getDocument, shownAs } from '@/api/documents'
import { ApiError } from '@/api/errors'
import type { DocumentReference } from '@/api/fhirTypes'
import { useChart } from '@/pages/chart/useChart'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import classes from './Documents.module.css'
import { DownloadButton } from './DownloadButton'
import './texts'

interface Props {
  document: DocumentReference
  name: string
  onClose(): void
}

/** A document as it looks, in memory only. */
export function Preview({ document: it, name, onClose }: Props) {
  const { t } = useTranslation()
  const as = shownAs(attachmentOf(it)?.contentType)
  const { blob, fault } = useBytes(it.id, as !== null)
  return (
    <Dialog title={name} onClose={onClose} wide="page">
      <div className={classes.preview}>
        {as === null && <Notice kind="info">{t('documents.noPreview')}</Notice>}
        {fault && <Notice kind="bad">{t(fault === 'gone' ? 'documents.gone' : 'documents.broken')}</Notice>}
        {as && !blob && !fault && <p role="status">{t('documents.loading')}</p>}
        {blob && as === 'image' && <Picture blob={blob} name={name} />}
        {blob && as === 'text' && <Words blob={blob} />}
        {blob && as === 'pdf' && <Pages blob={blob} name={name} />}
        <DownloadButton document={it} name={name} />
      </div>
    </Dialog>
  )
}

function useBytes(document: string, wanted: boolean) {
  const { context } = useChart()
  const [found, setFound] = useState<{ blob?: Blob; fault?: 'gone' | 'broken' }>({})
  useEffect(() => {
    if (!wanted) return
    const stop = new AbortController()
    getDocument({ context, document }, 'preview', stop.signal).then(
      ({ blob }) => setFound({ blob }),
      (error: unknown) => {
        if (stop.signal.aborted) return
        setFound({ fault: error instanceof ApiError && error.status === 404 ? 'gone' : 'broken' })
      },
    )
    return () => stop.abort()
  }, [context, document, wanted])
  return found
}

/** An address of the bytes in this page's memory, for as long as it is shown. */
function useAddress(blob: Blob): string | undefined {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return address
}

function Picture({ blob, name }: { blob: Blob; name: string }) {
  const { t } = useTranslation()
  const address = useAddress(blob)
  const [broken, setBroken] = useState(false)
  if (broken) return <Notice kind="bad">{t('documents.broken')}</Notice>
  return (
    address && <img className={classes.picture} src={address} alt={name} onError={() => setBroken(true)} />
  )
}

function Words({ blob }: { blob: Blob }) {
  const [text, setText] = useState('')
  useEffect(() => {
    let gone = false
    blob.text().then((words) => {
      if (!gone) setText(words)
    })
    return () => {
      gone = true
    }
  }, [blob])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long texts are scrolled by keyboard
    <pre className={classes.text} tabIndex={0}>
      {text}
    </pre>
  )
}

const ZOOMS = [1, 1.5, 2, 3]

/** A PDF, drawn in a frame that has no origin, no network and no way to this page but messages. */
function Pages({ blob, name }: { blob: Blob; name: string }) {
  const { t } = useTranslation()
  const frame = useRef<HTMLIFrameElement>(null)
  const [pages, setPages] = useState<number>()
  const [broken, setBroken] = useState(false)
  const [zoom, setZoom] = useState(0)
  useEffect(() => {
    const hear = async ({ source, data }: MessageEvent<{ kind?: string; pages?: number }>) => {
      const inside = frame.current?.contentWindow
      if (!inside || source !== inside) return
      if (data.kind === 'shown') setPages(data.pages)
      if (data.kind === 'broken') setBroken(true)
      if (data.kind !== 'ready') return
      const bytes = await blob.arrayBuffer()
      // The frame has no origin that could be named.
      inside.postMessage({ kind: 'show', bytes }, '*', [bytes])
    }
    addEventListener('message', hear)
    return () => removeEventListener('message', hear)
  }, [blob])
  useEffect(() => {
    if (pages) frame.current?.contentWindow?.postMessage({ kind: 'zoom', zoom: ZOOMS[zoom] }, '*')
  }, [zoom, pages])
  if (broken) return <Notice kind="bad">{t('documents.broken')}</Notice>
  return (
    <>
      <div className={classes.viewerBar}>
        <span role="status">{pages ? t('documents.pages', { count: pages }) : t('documents.loading')}</span>
        <Button variant="default" size="sm" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
          {t('documents.zoomOut')}
        </Button>
        <Button
          variant="default"
          size="sm"
          disabled={zoom === ZOOMS.length - 1}
          onClick={() => setZoom(zoom + 1)}
        >
          {t('documents.zoomIn')}
        </Button>
      </div>
      <iframe
        ref={frame}
        className={classes.pages}
        src="/preview"
        sandbox="allow-scripts"
        title={t('documents.preview', { name })}
      />
    </>
  )
}
