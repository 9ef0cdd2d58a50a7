import { useTranslation } from 'react-i18next'
import { atTime } from '@/texts/zone'
import classes from './Editor.module.css'
import type { State } from './Keeper'

/** Whether what is typed is safe, and where. Only what matters is read out. */
export function StatusLine({ state, zone }: { state: State; zone: string }) {
  const { t } = useTranslation()
  const { status, local, draft } = state
  const words =
    status === 'saved'
      ? t('notes.saved', { time: atTime(draft.saved_at, zone) })
      : status === 'offline'
        ? t(local ? 'notes.offlineKept' : 'notes.offlineTab')
        : status === 'refused'
          ? t('notes.refused')
          : status === 'ended'
            ? ''
            : status === 'saving'
              ? t('notes.saving')
              : t('notes.unsaved')
  const bad = status === 'offline' || status === 'refused'
  return (
    <div
      className={classes.state}
      data-bad={bad || undefined}
      data-save={status}
      role={bad ? 'status' : undefined}
    >
      {words}
    </div>
  )
}
