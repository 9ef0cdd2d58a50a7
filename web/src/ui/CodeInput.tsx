import { TextInput } from '@mantine/core'
import { type RefObject, useRef, useState } from 'react'
import classes from './CodeInput.module.css'

interface Props {
  label: string
  length?: number
  error?: string
  disabled?: boolean
  input?: RefObject<HTMLInputElement | null>
  /** Called once when the last digit is there, however it came: typed, pasted or filled in by the device. */
  onComplete(code: string): void
}

/** A code of digits. It sends itself. */
export function CodeInput({ label, length = 6, error, disabled, input, onComplete }: Props) {
  const [code, setCode] = useState('')
  const sent = useRef('')
  function change(text: string) {
    const digits = text.replaceAll(/\D/g, '').slice(0, length)
    setCode(digits)
    if (digits.length < length) sent.current = ''
    else if (digits !== sent.current) {
      sent.current = digits
      onComplete(digits)
    }
  }
  return (
    <TextInput
      ref={input}
      label={label}
      value={code}
      onChange={(event) => change(event.currentTarget.value)}
      onFocus={(event) => error && event.currentTarget.select()}
      error={error}
      readOnly={disabled}
      classNames={{ input: classes.code }}
      autoComplete="one-time-code"
      inputMode="numeric"
      autoCapitalize="off"
      spellCheck={false}
      required
      withAsterisk={false}
      data-autofocus
    />
  )
}
