import { VisuallyHidden } from '@mantine/core'
import { memo, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Answer, Item } from '@/api/noteTypes'
import { onDay } from '@/texts/zone'
import { MicIcon } from '@/ui/icons'
import { same, words } from '../answers'
import { carries } from '../form'
import { BooleanInput } from './BooleanInput'
import { ChoiceInput } from './ChoiceInput'
import { ClashPanel } from './ClashPanel'
import { DateInput } from './DateInput'
import { useDictation } from './dictation'
import classes from './Field.module.css'
import type { InputProps } from './inputs'
import { NumberInput } from './NumberInput'
import { TextDiff } from './TextDiff'
import { TextInput } from './TextInput'

const NONE: Answer[] = []

export interface FieldProps {
  item: Item
  given?: Answer[]
  last?: Answer[]
  /** When last time was; nothing when there was none. */
  lastAt?: string
  zone: string
  /** What somebody else wrote here, and who. */
  clash?: Answer[]
  clashBy?: string
  fault?: 'refused' | 'missing'
  disabled?: boolean
  onChange(linkId: string, given: Answer[]): void
  onChoose?(linkId: string, given: Answer[]): void
}

const inputs: Partial<Record<Item['type'], (props: InputProps) => React.ReactNode>> = {
  choice: ChoiceInput,
  'open-choice': ChoiceInput,
  boolean: BooleanInput,
  text: TextInput,
  string: TextInput,
  integer: NumberInput,
  decimal: NumberInput,
  quantity: NumberInput,
  date: DateInput,
  dateTime: DateInput,
  time: DateInput,
}

export const anchorOf = (linkId: string) => `field-${linkId}`

/** One question with its answer, what it was last time, and what stands against it. */
export const Field = memo(function Field(props: FieldProps) {
  const {
    item,
    given = NONE,
    last = NONE,
    lastAt,
    zone,
    clash,
    clashBy,
    disabled,
    onChange,
    onChoose,
  } = props
  const { t } = useTranslation()
  const id = useId()
  const [typedFault, setTypedFault] = useState<string | null>(null)
  const Input = inputs[item.type]
  if (!Input) return null
  const field = item.text ?? ''
  const isText = item.type === 'text' || item.type === 'string'
  const grouped = item.type === 'choice' || item.type === 'open-choice' || item.type === 'boolean'
  const asLast = lastAt !== undefined && last.length > 0 && same(given, last)
  const day = lastAt ? onDay(lastAt, zone) : ''
  const fault =
    typedFault ??
    (props.fault === 'refused'
      ? t('notes.faultRefused')
      : props.fault === 'missing' && given.length === 0
        ? t('notes.faultMissing')
        : null)
  const was = words(last, item, zone)
  const change = (next: Answer[]) => onChange(item.linkId, next)
  const label = (
    <>
      {field}
      {item.required && (
        <>
          <span className={classes.star} aria-hidden="true">
            {' *'}
          </span>
          <VisuallyHidden>{` (${t('notes.required')})`}</VisuallyHidden>
        </>
      )}
    </>
  )
  const tools = (
    <span className={classes.tools}>
      {isText && !disabled && (
        <Dictate
          field={field}
          onWords={(heard) => {
            const before = given[0]?.valueString ?? ''
            change([{ valueString: before === '' ? heard : `${before.trimEnd()} ${heard}` }])
          }}
        />
      )}
    </span>
  )
  const body = (
    <>
      <Input
        item={item}
        given={given}
        id={id}
        zone={zone}
        disabled={disabled}
        invalid={fault !== null}
        describedBy={`${id}-caption`}
        onFault={setTypedFault}
        onChange={change}
      />
      <div className={classes.caption} id={`${id}-caption`}>
        {fault ? (
          <span className={classes.fault} role={typedFault ? 'alert' : undefined}>
            {fault}
          </span>
        ) : asLast ? (
          <span>{t('notes.asLast', { day })}</span>
        ) : lastAt !== undefined && last.length > 0 ? (
          <>
            {!isText && <span>{t('notes.lastTime', { words: was })}</span>}
            {isText && given.length === 0 && <span>{t('notes.lastTime', { words: shortened(was) })}</span>}
            {carries(item) && !disabled && (
              <button
                type="button"
                className={classes.link}
                aria-label={t('notes.backLabel', { field })}
                onClick={() => change(last)}
              >
                {t('notes.back')}
              </button>
            )}
          </>
        ) : null}
      </div>
      {isText && !asLast && last.length > 0 && given.length > 0 && (
        <TextDiff was={was} is={words(given, item, zone)} title={t('notes.changedWords', { day })} />
      )}
      {clash && onChoose && (
        <ClashPanel
          item={item}
          mine={given}
          theirs={clash}
          by={clashBy ?? ''}
          zone={zone}
          onChoose={(chosen) => onChoose(item.linkId, chosen)}
        />
      )}
    </>
  )
  const common = {
    className: `${classes.field} ${asLast ? classes.last : ''}`,
    id: anchorOf(item.linkId),
    'data-link': item.linkId,
    'data-as-last': asLast || undefined,
  }
  if (grouped)
    return (
      <fieldset {...common}>
        <legend className={classes.label}>
          <span className={classes.head}>
            <span>{label}</span>
          </span>
        </legend>
        {body}
      </fieldset>
    )
  return (
    <div {...common}>
      <div className={classes.head}>
        <label className={classes.label} htmlFor={id}>
          {label}
        </label>
        {tools}
      </div>
      {body}
    </div>
  )
})

const SHOWN = 120
const shortened = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)

function Dictate({ field, onWords }: { field: string; onWords(words: string): void }) {
  const { t } = useTranslation()
  const dictation = useDictation(onWords)
  if (!dictation.available) return null
  return (
    <button
      type="button"
      className={classes.icon}
      aria-pressed={dictation.listening}
      aria-label={t(dictation.listening ? 'notes.dictating' : 'notes.dictate', { field })}
      onClick={dictation.toggle}
    >
      <MicIcon />
    </button>
  )
}
