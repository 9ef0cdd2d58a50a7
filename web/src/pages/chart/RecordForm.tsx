import { Autocomplete, Button, Checkbox, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CodeList } from '@/api/charts'
import { CodeField } from './CodeField'
import classes from './RecordForm.module.css'

export interface FieldSpec {
  key: string
  label: string
  kind: 'text' | 'date' | 'time' | 'tel' | 'email' | 'select' | 'area' | 'check' | 'code'
  /** Of a code: the list it is of, and under which key it stands beside its words. */
  list?: CodeList
  codeKey?: string
  /** Suggestions, any of which may be typed over. */
  suggestions?: string[]
  hint?: string
  /** What is said when it is empty and must not be. */
  needed?: string
  options?: { value: string; label: string }[]
  /** What is wrong with what was typed. */
  check?(value: string): string | undefined
}

export type Values = Record<string, string>

interface Props {
  fields: FieldSpec[]
  values: Values
  onChange(values: Values): void
  submit: string
  busy: boolean
  /** What went wrong, or what stands against it. */
  problem?: ReactNode
  onSubmit(): void
  onCancel(): void
}

/** A short form about one record. The first field begins, the first wrong one is gone to. */
export function RecordForm({ fields, values, onChange, submit, busy, problem, onSubmit, onCancel }: Props) {
  const { t } = useTranslation()
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const faultOf = ({ key, needed, check }: FieldSpec) => {
    const value = (values[key] ?? '').trim()
    return value === '' ? needed : check?.(value)
  }
  function send(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    const wrong = fields.find(faultOf)
    if (wrong) form.current?.querySelector<HTMLElement>(`[name="${wrong.key}"]`)?.focus()
    else if (!busy) onSubmit()
  }
  const field = (spec: FieldSpec, i: number) => {
    const { key, label, kind, hint, options = [] } = spec
    const common = {
      name: key,
      size: 'md' as const,
      label,
      description: hint,
      inputWrapperOrder: ['label', 'input', 'description', 'error'] as (
        | 'label'
        | 'input'
        | 'description'
        | 'error'
      )[],
      value: values[key] ?? '',
      error: tried ? faultOf(spec) : undefined,
      ...(i === 0 && { 'data-autofocus': true }),
    }
    const set = (value: string) => onChange({ ...values, [key]: value })
    if (kind === 'code' && spec.list && spec.codeKey) {
      const { list, codeKey } = spec
      return (
        <CodeField
          key={key}
          {...common}
          list={list}
          autoComplete="off"
          maxLength={200}
          readOnly={busy}
          value={{ text: values[key] ?? '', code: values[codeKey] ?? '' }}
          onChange={({ text, code }) => onChange({ ...values, [key]: text, [codeKey]: code })}
        />
      )
    }
    if (kind === 'check')
      return (
        <Checkbox
          key={key}
          name={key}
          size="md"
          label={label}
          description={hint}
          disabled={busy}
          checked={values[key] === 'yes'}
          onChange={(event) => set(event.currentTarget.checked ? 'yes' : '')}
        />
      )
    if (spec.suggestions)
      return (
        <Autocomplete
          key={key}
          {...common}
          autoComplete="off"
          maxLength={200}
          readOnly={busy}
          data={[...new Set(spec.suggestions)]}
          openOnFocus={false}
          limit={12}
          comboboxProps={{ withinPortal: true, zIndex: 450, transitionProps: { duration: 0 } }}
          onChange={set}
        />
      )
    if (kind === 'select')
      return (
        <NativeSelect
          key={key}
          {...common}
          disabled={busy}
          data={options}
          onChange={(event) => set(event.currentTarget.value)}
        />
      )
    if (kind === 'area')
      return (
        <Textarea
          key={key}
          {...common}
          rows={2}
          resize="vertical"
          autoComplete="off"
          maxLength={2000}
          readOnly={busy}
          onChange={(event) => set(event.currentTarget.value)}
        />
      )
    return (
      <TextInput
        key={key}
        {...common}
        type={kind}
        autoComplete="off"
        maxLength={kind === 'date' || kind === 'time' ? undefined : 200}
        readOnly={busy}
        onChange={(event) => set(event.currentTarget.value)}
      />
    )
  }
  return (
    <form ref={form} onSubmit={send} noValidate>
      <Stack gap="md">
        {fields.map(field)}
        {problem}
        <div className={classes.buttons}>
          <Button type="submit" loading={busy}>
            {submit}
          </Button>
          <Button variant="default" disabled={busy} onClick={onCancel}>
            {t('common.cancel')}
          </Button>
        </div>
      </Stack>
    </form>
  )
}
