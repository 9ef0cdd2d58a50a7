import { Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Item, ItemType, Questionnaire } from '@/api/noteTypes'
import {
  ALERT,
  CARRY,
  carries,
  extensionOf,
  isScore,
  itemOf,
  items,
  limitsOf,
  MAX,
  MIN,
  UNIT,
  unitOf,
} from '@/pages/notes/form'
import { BandsEditor } from './BandsEditor'
import classes from './Builder.module.css'
import { ConditionEditor } from './ConditionEditor'
import { UNITS } from './kinds'
import { OptionsEditor } from './OptionsEditor'
import { retyped, update, withExtensions } from './shape'

const TYPES: ItemType[] = [
  'choice',
  'open-choice',
  'boolean',
  'text',
  'string',
  'integer',
  'decimal',
  'quantity',
  'date',
  'dateTime',
  'time',
  'display',
]

interface Props {
  item: Item
  value: Questionnaire
  onChange(change: (before: Questionnaire) => Questionnaire): void
}

/** All about one item. */
export function ItemEditor({ item, value, onChange }: Props) {
  const { t } = useTranslation()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus({ preventScroll: true }), [])
  const set = (change: (it: Item) => Item) => onChange((all) => update(all, item.linkId, change))
  const score = isScore(item)
  const group = [...items(value)].find(({ item: it }) => it.linkId === item.linkId)?.within.at(-1)
  const scored = group?.item?.some(isScore) === true
  const chooses = item.type === 'choice' || item.type === 'open-choice'
  const counts = !score && ['integer', 'decimal', 'quantity'].includes(item.type)
  const writes = item.type === 'text' || item.type === 'string'
  const { low, high } = limitsOf(item)
  const unit = unitOf(item)
  const units = unit && !UNITS.some((it) => it.code === unit.code) ? [unit, ...UNITS] : UNITS

  const bound = (label: string, url: string, is: number | undefined) => (
    <TextInput
      label={label}
      inputMode="decimal"
      autoComplete="off"
      maxLength={10}
      defaultValue={is ?? ''}
      onChange={(event) => {
        const typed = event.currentTarget.value.trim().replace(',', '.')
        const number = typed === '' ? undefined : Number(typed)
        if (number !== undefined && !Number.isFinite(number)) return
        set((it) =>
          withExtensions(
            it,
            url,
            number === undefined
              ? []
              : [Number.isInteger(number) ? { url, valueInteger: number } : { url, valueDecimal: number }],
          ),
        )
      }}
    />
  )
  return (
    <div className={classes.editor}>
      <div className={classes.pair}>
        <TextInput
          ref={first}
          label={t(
            score
              ? 'templates.scoreName'
              : item.type === 'display'
                ? 'templates.wordsToRead'
                : 'templates.question',
          )}
          value={item.text ?? ''}
          maxLength={500}
          onChange={(event) => {
            const text = event.currentTarget.value
            set((it) => ({ ...it, text }))
          }}
        />
        {!score && (
          <NativeSelect
            size="md"
            label={t('templates.type')}
            value={item.type}
            data={TYPES.map((it) => ({ value: it, label: t(`templates.type_${it}`) }))}
            onChange={(event) => {
              const type = event.currentTarget.value as ItemType
              set((it) => {
                const made = retyped(it, type)
                const kg = UNITS[0]
                return type === 'quantity' && kg
                  ? withExtensions(made, UNIT, [{ url: UNIT, valueCoding: kg }])
                  : made
              })
            }}
          />
        )}
      </div>
      {chooses && <OptionsEditor item={item} scored={scored} onChange={set} />}
      {score && <BandsEditor item={item} onChange={set} />}
      {counts && (
        <div className={classes.pair}>
          {item.type === 'quantity' && (
            <NativeSelect
              size="md"
              label={t('templates.unit')}
              value={unit?.code ?? ''}
              data={units.map((it) => ({ value: it.code ?? '', label: it.display ?? it.code ?? '' }))}
              onChange={(event) => {
                const found = units.find((it) => it.code === event.currentTarget.value)
                if (found) set((it) => withExtensions(it, UNIT, [{ url: UNIT, valueCoding: found }]))
              }}
            />
          )}
          {bound(t('templates.min'), MIN, low)}
          {bound(t('templates.max'), MAX, high)}
        </div>
      )}
      {writes && (
        <TextInput
          label={t('templates.maxLength')}
          inputMode="numeric"
          autoComplete="off"
          maxLength={5}
          defaultValue={item.maxLength ?? ''}
          onChange={(event) => {
            const typed = event.currentTarget.value.trim()
            if (/^\d*$/.test(typed))
              set(({ maxLength: _, ...it }) => (typed === '' ? it : { ...it, maxLength: Number(typed) }))
          }}
        />
      )}
      {!score && item.type !== 'display' && (
        <>
          <Checkbox
            label={t('templates.required')}
            checked={item.required === true}
            onChange={(event) => {
              const required = event.currentTarget.checked
              set((it) => ({ ...it, required }))
            }}
          />
          {chooses && (
            <Checkbox
              label={t('templates.repeats')}
              checked={item.repeats === true}
              onChange={(event) => {
                const repeats = event.currentTarget.checked
                set((it) => ({ ...it, repeats }))
              }}
            />
          )}
          <Checkbox
            label={t('templates.carry')}
            checked={carries(item)}
            onChange={(event) => {
              const valueCode = event.currentTarget.checked ? 'last' : 'empty'
              set((it) => withExtensions(it, CARRY, [{ url: CARRY, valueCode }]))
            }}
          />
          {chooses && scored && (
            <Checkbox
              label={t('templates.alert')}
              checked={extensionOf(item, ALERT)?.valueBoolean === true}
              onChange={(event) => {
                const on = event.currentTarget.checked
                set((it) => withExtensions(it, ALERT, on ? [{ url: ALERT, valueBoolean: true }] : []))
              }}
            />
          )}
        </>
      )}
      <ConditionEditor item={itemOf(value, item.linkId) ?? item} value={value} onChange={set} />
    </div>
  )
}
