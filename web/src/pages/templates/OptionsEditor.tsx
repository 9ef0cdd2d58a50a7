import { Button, TextInput } from '@mantine/core'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Item, Option } from '@/api/noteTypes'
import { ordinalOf } from '@/pages/notes/form'
import { BinIcon } from '@/ui/icons'
import classes from './Builder.module.css'
import { newOption, withPoints } from './shape'

interface Props {
  item: Item
  /** They count for a score. */
  scored: boolean
  onChange(change: (it: Item) => Item): void
}

/** What there is to choose from; Enter goes on to the next. */
export function OptionsEditor({ item, scored, onChange }: Props) {
  const { t } = useTranslation()
  const set = useRef<HTMLFieldSetElement>(null)
  const options = item.answerOption ?? []
  const change = (make: (all: Option[]) => Option[]) =>
    onChange((it) => ({ ...it, answerOption: make(it.answerOption ?? []) }))
  const at = (i: number, make: (option: Option) => Option) =>
    change((all) => all.map((it, j) => (j === i ? make(it) : it)))
  const focus = (i: number) =>
    setTimeout(() => set.current?.querySelectorAll<HTMLInputElement>('input[data-option]')[i]?.focus())
  function add() {
    change((all) => [...all, newOption()])
    focus(options.length)
  }
  return (
    <fieldset className={classes.options} ref={set}>
      <legend>{t('templates.options')}</legend>
      {options.map((option, i) => (
        <div key={option.valueCoding?.code ?? i} className={classes.option}>
          <TextInput
            className={classes.grow}
            aria-label={t('templates.option', { n: i + 1 })}
            data-option
            autoComplete="off"
            maxLength={200}
            value={option.valueCoding?.display ?? ''}
            onChange={(event) => {
              const display = event.currentTarget.value
              at(i, (it) => ({ ...it, valueCoding: { ...it.valueCoding, display } }))
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.ctrlKey) return
              event.preventDefault()
              if (i + 1 < options.length) focus(i + 1)
              else add()
            }}
          />
          {scored && (
            <TextInput
              className={classes.points}
              aria-label={t('templates.points', { n: i + 1 })}
              placeholder={t('templates.pointsShort')}
              inputMode="numeric"
              autoComplete="off"
              maxLength={7}
              defaultValue={ordinalOf(option) ?? ''}
              onChange={(event) => {
                const typed = event.currentTarget.value.trim()
                const points = typed === '' ? undefined : Number(typed)
                if (points === undefined || Number.isInteger(points)) at(i, (it) => withPoints(it, points))
              }}
            />
          )}
          <button
            type="button"
            className={classes.icon}
            aria-label={t('templates.removeOption', { n: i + 1 })}
            onClick={() => change((all) => all.filter((_, j) => j !== i))}
          >
            <BinIcon size={18} />
          </button>
        </div>
      ))}
      <div>
        <Button size="sm" variant="subtle" onClick={add}>
          {t('templates.addOption')}
        </Button>
      </div>
    </fieldset>
  )
}
