import { Autocomplete, type AutocompleteProps, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Code, type CodeList, chartsIn } from '@/api/charts'
import { useMe } from '@/pages/context/useContextId'
import classes from './CodeField.module.css'

interface Props extends Omit<AutocompleteProps, 'value' | 'onChange' | 'data'> {
  list: CodeList
  /** The words, and the code that was chosen for them. */
  value: { text: string; code: string }
  onChange(value: { text: string; code: string }): void
}

/** Long enough not to ask for every letter, short enough not to be felt. */
const DEBOUNCE = 120

/** Words that one types, with the code that a list has for them. Words that no list has are words all the same. */
export function CodeField({ list, value, onChange, ...input }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const typed = value.text.trim()
  const [settled] = useDebouncedValue(typed, DEBOUNCE)
  const asks = settled.length >= 2 && value.code === ''
  const { data } = useQuery({
    // What is looked for says much of somebody: it is not kept.
    queryKey: ['context', context, 'codes', list, settled],
    queryFn: ({ signal }) => chartsIn(context).codes(list, settled, signal),
    enabled: asks,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    placeholderData: keepPreviousData,
  })
  const codes = new Map<string, Code>()
  for (const one of asks ? (data ?? []) : []) if (!codes.has(one.display)) codes.set(one.display, one)
  return (
    <Autocomplete
      {...input}
      value={value.text}
      onChange={(text) => {
        const chosen = codes.get(text)
        onChange({ text, code: chosen && chosen.display === text ? chosen.code : '' })
      }}
      data={[...codes.keys()]}
      // The server has chosen already.
      filter={({ options }) => options}
      limit={12}
      openOnFocus={false}
      maxDropdownHeight={280}
      comboboxProps={{ withinPortal: true, zIndex: 450, transitionProps: { duration: 0 } }}
      renderOption={({ option }) => (
        <span className={classes.option}>
          <span className={classes.code}>{codes.get(option.value)?.code}</span> <span>{option.value}</span>
        </span>
      )}
      rightSectionWidth={value.code ? 'auto' : undefined}
      rightSection={
        value.code ? (
          <Text span className={classes.chosen} aria-hidden>
            {value.code}
          </Text>
        ) : undefined
      }
      description={value.code ? t('chart.codeChosen', { code: value.code }) : input.description}
    />
  )
}
