import { useLayoutEffect, useRef } from 'react'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

const GROWS = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content')

/** As the server keeps it: what comes along when text is pasted is none of its words. */
const plain = (text: string) =>
  text
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll(/\p{Cc}/gu, (it) => (it === '\n' || it === '\t' ? it : ''))

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
  const change = (typed: string) => {
    const text = plain(typed)
    onChange(text === '' ? [] : [{ valueString: text }])
  }
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
