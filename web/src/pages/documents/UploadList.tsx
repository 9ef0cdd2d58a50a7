import { Button, Progress } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Chip } from '@/ui/Chip'
import { Section } from '@/ui/Section'
import classes from './Documents.module.css'
import type { Upload } from './uploads'

interface Props {
  uploads: Upload[]
  onCancel(key: number): void
  onRetry(upload: Upload): void
  onClear(): void
}

/** Files on their way, each with how far it is and what can be done about it. */
export function UploadList({ uploads, onCancel, onRetry, onClear }: Props) {
  const { t } = useTranslation()
  if (uploads.length === 0) return null
  const ended = uploads.some(({ progress }) => ['done', 'failed', 'cancelled'].includes(progress.at))
  return (
    <Section title={t('documents.uploads')}>
      <ul className={classes.uploads} aria-live="polite">
        {uploads.map((it) => (
          <Line key={it.key} upload={it} onCancel={() => onCancel(it.key)} onRetry={() => onRetry(it)} />
        ))}
      </ul>
      {ended && (
        <Button variant="subtle" onClick={onClear}>
          {t('documents.dismiss')}
        </Button>
      )}
    </Section>
  )
}

function Line({ upload, onCancel, onRetry }: { upload: Upload; onCancel(): void; onRetry(): void }) {
  const { t } = useTranslation()
  const { progress, title: name } = upload
  const percent =
    progress.at === 'sending' ? Math.round(progress.part * 100) : progress.at === 'reading' ? 0 : 100
  const underWay = ['reading', 'sending', 'checking'].includes(progress.at)
  return (
    <li className={classes.upload}>
      <div className={classes.uploadName}>{name}</div>
      {underWay && (
        <>
          <Progress.Root className={classes.bar} size="sm">
            <Progress.Section value={percent} aria-label={name} />
          </Progress.Root>
          <span className={classes.state}>
            {progress.at === 'sending'
              ? t('documents.sending', { percent })
              : t(`documents.${progress.at as 'reading'}`)}
          </span>
          <Button
            variant="subtle"
            size="sm"
            onClick={onCancel}
            aria-label={t('documents.cancelLabel', { name })}
          >
            {t('documents.cancel')}
          </Button>
        </>
      )}
      {progress.at === 'done' && <Chip kind="good">{t('documents.done')}</Chip>}
      {progress.at === 'cancelled' && <Chip>{t('documents.cancelled')}</Chip>}
      {progress.at === 'failed' && <span className={classes.fault}>{t(`documents.${progress.says}`)}</span>}
      {(progress.at === 'cancelled' || (progress.at === 'failed' && progress.again)) && (
        <Button variant="light" size="sm" onClick={onRetry} aria-label={t('documents.retryLabel', { name })}>
          {t('documents.retry')}
        </Button>
      )}
    </li>
  )
}
