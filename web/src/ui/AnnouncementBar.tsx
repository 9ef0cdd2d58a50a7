import { UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './AnnouncementBar.module.css'
import { InfoIcon, WarningIcon } from './icons'

export interface BarAnnouncement {
  announcement: string
  title: string
  text: string
  level: 'info' | 'warning' | 'maintenance'
}

const icons = { info: InfoIcon, warning: WarningIcon, maintenance: WarningIcon }

/** What whoever runs the installation tells everyone. A word and a sign say how loud it is; the colour only helps. */
export function AnnouncementBar({
  announcements,
  onPutAway,
}: {
  announcements: BarAnnouncement[]
  onPutAway(announcement: string): void
}) {
  const { t } = useTranslation()
  if (announcements.length === 0) return null
  return (
    <section className={classes.bar} aria-label={t('context.announced')}>
      {announcements.map((it) => {
        const Icon = icons[it.level]
        return (
          <div key={it.announcement} className={classes.one} data-level={it.level} role="status">
            <Icon />
            <div className={classes.words}>
              <span className={classes.level}>{t(`context.level_${it.level}`)}</span>{' '}
              <strong>{it.title}</strong> <span className={classes.text}>{it.text}</span>
            </div>
            <UnstyledButton
              className={classes.close}
              aria-label={t('context.dismiss', { title: it.title })}
              onClick={() => onPutAway(it.announcement)}
            >
              ×
            </UnstyledButton>
          </div>
        )
      })}
    </section>
  )
}
