import { useLayoutEffect, useRef } from 'react'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

const GROWS = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content')

/** An ordinary field, so that the device's own dictation and spelling work in it; it grows with what is said. */
export function TextInput({ item, given, id, describedBy, disabled, invalid, onChange }: InputProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  const value = given[0]?.valueString ?? ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: it grows with its words
  useLayoutEffect(() => {
    const it = area.current
    if (GROWS || !it) return
    it.style.height = 'auto'
    it.style.height = `${it.scrollHeight + 2}px`
  }, [value])
  const common = {
    id,
    disabled,
    value,
    autoComplete: 'off',
    'aria-invalid': invalid || undefined,
    'aria-describedby': describedBy,
  }
  const change = (text: string) => onChange(text === '' ? [] : [{ valueString: text }])
  if (item.type === 'string')
    return (
      <input
        {...common}
        className={classes.input}
        type="text"
        maxLength={item.maxLength ?? 1000}
        onChange={(event) => change(event.currentTarget.value)}
      />
    )
  return (
    <textarea
      {...common}
      ref={area}
      className={`${classes.input} ${classes.area}`}
      maxLength={item.maxLength ?? 20_000}
      spellCheck
      onChange={(event) => change(event.currentTarget.value)}
    />
  )
}
