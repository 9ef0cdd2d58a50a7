import { useTranslation } from 'react-i18next'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

export function BooleanInput({ given, id, describedBy, disabled, invalid, onChange }: InputProps) {
  const { t } = useTranslation()
  const is = given[0]?.valueBoolean
  return (
    <div className={classes.segments}>
      {[true, false].map((value) => (
        <label key={String(value)} className={classes.option}>
          <input
            type="radio"
            name={id}
            id={value ? id : undefined}
            checked={is === value}
            disabled={disabled}
            aria-invalid={invalid || undefined}
            aria-describedby={describedBy}
            onChange={() => {
              if (is !== value) onChange([{ valueBoolean: value }])
            }}
            onClick={() => {
              if (is === value) onChange([])
            }}
          />
          <span>{t(value ? 'notes.yes' : 'notes.no')}</span>
        </label>
      ))}
    </div>
  )
}
