import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import type { Answer } from '@/api/noteTypes'
import { moment, wall, zoneName } from '@/texts/zone'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

interface Typed {
  date: string
  time: string
}

function typedOf([first]: Answer[], zone: string): Typed {
  if (first?.valueDateTime) {
    if (!first.valueDateTime.includes('T')) return { date: first.valueDateTime, time: '' }
    return wall(new Date(first.valueDateTime), zone)
  }
  return { date: first?.valueDate ?? '', time: first?.valueTime?.slice(0, 5) ?? '' }
}

/** Days and times by the facility's clock, whatever the device says. */
export function DateInput({ item, given, id, zone, describedBy, disabled, invalid, onChange }: InputProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(() => typedOf(given, zone))
  const sent = useRef(given)
  const shown = sent.current === given ? typed : typedOf(given, zone)
  function change(next: Typed) {
    setTyped(next)
    const read = answerOf(item.type, next, zone)
    sent.current = read.length === 0 && given.length === 0 ? given : read
    onChange(sent.current)
  }
  const hasDate = item.type !== 'time'
  const hasTime = item.type !== 'date'
  const field = item.text ?? ''
  const common = {
    className: classes.input,
    disabled,
    'aria-invalid': invalid || undefined,
    'aria-describedby': describedBy,
  }
  return (
    <div className={classes.short}>
      {hasDate && (
        <input
          {...common}
          id={id}
          type="date"
          min="1850-01-01"
          max="2199-12-31"
          aria-label={hasTime ? t('notes.dateLabel', { field }) : undefined}
          value={shown.date}
          onChange={(event) => change({ ...shown, date: event.currentTarget.value })}
        />
      )}
      {hasTime && (
        <input
          {...common}
          id={hasDate ? undefined : id}
          type="time"
          aria-label={hasDate ? t('notes.timeLabel', { field }) : undefined}
          value={shown.time}
          onChange={(event) => change({ ...shown, time: event.currentTarget.value })}
        />
      )}
      {hasTime && hasDate && <span className={classes.unit}>{zoneName(zone)}</span>}
      {!disabled && (
        <Button
          variant="default"
          aria-label={t(hasTime ? 'notes.nowLabel' : 'notes.todayLabel', { field })}
          onClick={() => change(wall(new Date(http.now()), zone))}
        >
          {t(hasTime ? 'notes.now' : 'notes.today')}
        </Button>
      )}
    </div>
  )
}

function answerOf(type: string, { date, time }: Typed, zone: string): Answer[] {
  if (type === 'time') return time ? [{ valueTime: `${time}:00` }] : []
  if (type === 'date') return date ? [{ valueDate: date }] : []
  const at = date && time ? moment(date, time, zone) : undefined
  return at ? [{ valueDateTime: at }] : []
}
