import { Button, Group, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Snapshots } from '@/api/noteTypes'
import { ProblemNotice } from '@/app/ProblemNotice'
import { atMoment } from '@/texts/zone'
import classes from './Editor.module.css'

type Which = 'vitals' | 'medications'
const WHICH: Which[] = ['vitals', 'medications']

interface Props {
  snapshots: Snapshots
  zone: string
  disabled?: boolean
  onTake(asked: Partial<Record<Which, boolean | null>>): Promise<void>
}

/** Vitals and medications as they were at one moment, with the note from then on. */
export function SnapshotPanel({ snapshots, zone, disabled, onTake }: Props) {
  const { t } = useTranslation()
  const take = useMutation({ mutationFn: onTake })
  const none = WHICH.every((it) => snapshots[it] === null)
  const button = (label: string, asked: Parameters<typeof onTake>[0], named?: string) => (
    <Button
      size={named ? 'compact-sm' : 'md'}
      variant={named ? 'subtle' : 'default'}
      aria-label={named}
      disabled={disabled || take.isPending}
      loading={take.isPending && JSON.stringify(take.variables) === JSON.stringify(asked)}
      onClick={() => take.mutate(asked)}
    >
      {label}
    </Button>
  )
  return (
    <section className={classes.snapshots} aria-labelledby="title-snapshots">
      <h3 id="title-snapshots">{t('notes.snapshots')}</h3>
      {none && button(t('notes.attachBoth'), { vitals: true, medications: true })}
      {!none &&
        WHICH.map((which) => {
          const snapshot = snapshots[which]
          if (!snapshot)
            return (
              <div key={which} className={classes.snapshot}>
                {button(t(`notes.attach_${which}`), { [which]: true })}
              </div>
            )
          return (
            <div key={which} className={classes.snapshot} data-snapshot={which}>
              <div className={classes.snapshotHead}>
                <h4>{t(`notes.snapshot_${which}`, { when: atMoment(snapshot.taken_at, zone) })}</h4>
                <Group gap="xs">
                  {button(t('notes.again'), { [which]: true }, t(`notes.againLabel_${which}`))}
                  {button(t('notes.remove'), { [which]: null }, t(`notes.removeLabel_${which}`))}
                </Group>
              </div>
              {snapshot.entries.length === 0 ? (
                <p className={classes.lead}>{t(`notes.snapshotEmpty_${which}`)}</p>
              ) : (
                <ul className={classes.entries}>
                  {snapshot.entries.map((it) => (
                    <li key={`${it.reference} ${it.text}`}>
                      {it.text} {it.value && <strong>{it.value}</strong>}{' '}
                      {it.at && which === 'vitals' && <small>{atMoment(it.at, zone)}</small>}
                    </li>
                  ))}
                </ul>
              )}
            </div>
          )
        })}
      {take.isError && (
        <Stack mt="sm">
          <ProblemNotice error={take.error} />
        </Stack>
      )}
    </section>
  )
}
