import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Decimal } from '@/api/json'
import type { Answer, Item } from '@/api/noteTypes'
import { limitsOf, num, numText, UCUM, unitOf } from '../form'
import classes from './Field.module.css'
import type { InputProps } from './inputs'

export type NumberFault = 'number' | 'whole' | 'range' | 'low' | 'high'

const textOf = ([first]: Answer[]): string => {
  if (first?.valueInteger !== undefined) return String(first.valueInteger)
  if (first?.valueDecimal !== undefined) return numText(first.valueDecimal)
  return first?.valueQuantity ? numText(first.valueQuantity.value) : ''
}

/** What was typed as an answer: commas are points, and 37.0 stays 37.0. */
export function readNumber(item: Item, typed: string): { given: Answer[] } | { fault: NumberFault } {
  const text = typed.trim().replace(',', '.').replace(/^\+/, '')
  if (text === '') return { given: [] }
  if (!/^-?\d+(\.\d*)?$/.test(text)) return { fault: 'number' }
  const clean = text.replace(/^(-?)0+(?=\d)/, '$1').replace(/\.$/, '')
  if (item.type === 'integer' && clean.includes('.')) return { fault: 'whole' }
  const decimal = new Decimal(clean)
  const value = num(decimal)
  const { low, high } = limitsOf(item)
  if ((low !== undefined && value < low) || (high !== undefined && value > high))
    return { fault: low !== undefined && high !== undefined ? 'range' : low !== undefined ? 'low' : 'high' }
  if (item.type === 'integer')
    return Math.abs(value) < 2 ** 31 ? { given: [{ valueInteger: value }] } : { fault: 'number' }
  const kept = String(value) === clean ? value : decimal
  if (item.type === 'decimal') return { given: [{ valueDecimal: kept }] }
  const unit = unitOf(item)
  return {
    given: [
      {
        valueQuantity: {
          value: kept,
          unit: unit?.display ?? unit?.code,
          system: unit ? (unit.system ?? UCUM) : undefined,
          code: unit?.code,
        },
      },
    ],
  }
}

export function NumberInput({
  item,
  given,
  id,
  describedBy,
  disabled,
  invalid,
  onFault,
  onChange,
}: InputProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(() => textOf(given))
  // What is typed stays as typed until somebody else changes the answer.
  const sent = useRef(given)
  const shown = sent.current === given ? typed : textOf(given)
  const { low, high } = limitsOf(item)
  const unit = unitOf(item)
  function change(text: string) {
    setTyped(text)
    const read = readNumber(item, text)
    const next = 'given' in read ? read.given : []
    sent.current = next.length === 0 && given.length === 0 ? given : next
    const words = {
      number: t('notes.faultNumber'),
      whole: t('notes.faultWhole'),
      range: t('notes.faultRange', { low: low ?? '', high: high ?? '' }),
      low: t('notes.faultLow', { low: low ?? '' }),
      high: t('notes.faultHigh', { high: high ?? '' }),
    }
    onFault?.('fault' in read ? words[read.fault] : null)
    onChange(sent.current)
  }
  return (
    <div className={classes.short}>
      <input
        className={`${classes.input} ${classes.number}`}
        id={id}
        type="text"
        inputMode={item.type === 'integer' && !(low !== undefined && low < 0) ? 'numeric' : 'decimal'}
        autoComplete="off"
        maxLength={20}
        disabled={disabled}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        value={shown}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {unit && <span className={classes.unit}>{unit.display ?? unit.code}</span>}
    </div>
  )
}
