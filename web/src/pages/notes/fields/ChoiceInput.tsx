import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Answer, Option } from '@/api/noteTypes'
import { ordinalOf, sameCoding } from '../form'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

const FEW = 5
const MANY = 12
const SHORT = 44

/** A few as a row, more as tiles that a thumb hits, many as a list to pull down. */
export function ChoiceInput({ item, given, id, describedBy, disabled, invalid, onChange }: InputProps) {
  const { t } = useTranslation()
  const options = item.answerOption ?? []
  // While a template is made its answers may have no words yet.
  const labelOf = ({ valueCoding }: Option) =>
    valueCoding?.display || valueCoding?.code || t('notes.nameless')
  const chosen = (option: Option) => given.some((it) => sameCoding(it.valueCoding, option.valueCoding))
  const other = given.find((it) => it.valueString !== undefined)
  const scored = options.some((it) => ordinalOf(it) !== undefined)

  if (options.length > MANY && !item.repeats && item.type === 'choice') {
    const at = options.findIndex(chosen)
    return (
      <NativeSelect
        id={id}
        size="md"
        value={at < 0 ? '' : String(at)}
        disabled={disabled}
        error={invalid}
        aria-describedby={describedBy}
        aria-label={item.text}
        onChange={(event) => {
          const option = options[Number(event.currentTarget.value)]
          onChange(event.currentTarget.value !== '' && option ? [codingOf(option)] : [])
        }}
        data={[
          { value: '', label: t('notes.choose') },
          ...options.map((it, i) => ({ value: String(i), label: labelOf(it) })),
        ]}
      />
    )
  }

  function toggle(option: Option) {
    if (!item.repeats) return onChange(chosen(option) ? [] : [codingOf(option)])
    if (chosen(option)) return onChange(given.filter((it) => !sameCoding(it.valueCoding, option.valueCoding)))
    // In the order of the template, whatever the order of the taps.
    const next = options.filter((it) => it === option || chosen(it)).map(codingOf)
    onChange([...next, ...given.filter((it) => it.valueString !== undefined)])
  }
  const length = options.reduce((sum, it) => sum + labelOf(it).length, 0)
  const row = options.length <= FEW && length <= SHORT
  return (
    <>
      <div className={row ? classes.segments : classes.options} data-row={row || undefined}>
        {options.map((option, i) => (
          <label key={option.valueCoding?.code ?? i} className={classes.option}>
            <input
              type={item.repeats ? 'checkbox' : 'radio'}
              name={id}
              id={i === 0 ? id : undefined}
              checked={chosen(option)}
              disabled={disabled}
              aria-invalid={invalid || undefined}
              aria-describedby={describedBy}
              onChange={() => {
                if (!chosen(option) || item.repeats) toggle(option)
              }}
              // Chosen again it is taken back: a radio button alone cannot.
              onClick={() => {
                if (!item.repeats && chosen(option)) toggle(option)
              }}
            />
            {scored && <span className={classes.points}>{ordinalOf(option) ?? ''}</span>}
            <span>{labelOf(option)}</span>
          </label>
        ))}
      </div>
      {item.type === 'open-choice' && (
        <input
          className={classes.input}
          type="text"
          maxLength={item.maxLength ?? 500}
          placeholder={t('notes.otherAnswer')}
          aria-label={t('notes.otherAnswerLabel', { field: item.text ?? '' })}
          autoComplete="off"
          disabled={disabled}
          value={other?.valueString ?? ''}
          onChange={(event) => {
            const typed = event.currentTarget.value
            const codings = item.repeats ? given.filter((it) => it.valueCoding) : []
            onChange(typed === '' ? codings : [...codings, { valueString: typed }])
          }}
        />
      )}
    </>
  )
}

export function codingOf({ valueCoding }: Option): Answer {
  const { system, code, display } = valueCoding ?? {}
  return { valueCoding: { system, code, display } }
}
