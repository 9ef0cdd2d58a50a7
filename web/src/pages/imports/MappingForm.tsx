import { Button, NativeSelect, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { importQueries, importsOf } from '@/api/imports'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import own from './Imports.module.css'
import { letterOf, useFieldWords } from './words'

/** Says what each column is. */
export function MappingForm({ id, onDone }: { id: string; onDone(): Promise<void> }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const { data } = useSuspenseQuery(importQueries(context).columns(id))
  const words = useFieldWords()
  const [fields, setFields] = useState(() => data.columns.map((it) => it.field))
  const [dates, setDates] = useState<string>(data.dates)
  const [source, setSource] = useState(data.source)
  const check = useMutation({
    mutationFn: () => importsOf(context).check(id, { fields, dates, source }),
    onSuccess: onDone,
  })
  const plain = /^[a-z0-9-]{1,40}$/.test(source)
  const groups = new Map<number, string[]>()
  for (const { field, needed } of data.fields)
    if (needed !== null) groups.set(needed, [...(groups.get(needed) ?? []), field])
  const missing = [...groups.values()].filter((any) => !any.some((it) => fields.includes(it)))
  /** A field stands in one column: where it was, it is no more. */
  const set = (at: number, field: string | null) =>
    setFields((now) => now.map((it, i) => (i === at ? field : it === field ? null : it)))
  function submit(event: FormEvent) {
    event.preventDefault()
    if (plain && missing.length === 0) check.mutate()
  }
  return (
    <Section title={t('imports.columns')} lead={t('imports.columnsLead')}>
      {data.remembered && <Notice kind="info">{t('imports.remembered')}</Notice>}
      <form onSubmit={submit}>
        <Stack gap="lg">
          <ul className={own.columns}>
            {data.columns.map((it, at) => {
              const heading = it.heading || t('imports.noHeading', { letter: letterOf(at) })
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their place alone
                <li key={at} className={fields[at] ? own.column : `${own.column} ${own.out}`}>
                  <span className={own.heading}>{heading}</span>
                  <span className={own.samples}>{it.samples.join(' · ')}</span>
                  <NativeSelect
                    aria-label={t('imports.becomesLabel', { heading })}
                    value={fields[at] ?? ''}
                    onChange={(event) => set(at, event.currentTarget.value || null)}
                    data={[
                      { value: '', label: t('imports.leaveOut') },
                      ...data.fields.map(({ field }) => ({ value: field, label: words(field) })),
                    ]}
                  />
                </li>
              )
            })}
          </ul>
          <div className={own.form}>
            <Stack gap="md">
              <Radio.Group
                label={t('imports.dates')}
                description={t('imports.datesMore')}
                value={dates}
                onChange={setDates}
              >
                <Stack gap="xs" mt="xs">
                  <Radio value="month-first" label={t('imports.dates_month')} />
                  <Radio value="day-first" label={t('imports.dates_day')} />
                </Stack>
              </Radio.Group>
              <TextInput
                label={t('imports.source')}
                description={t('imports.sourceMore')}
                value={source}
                error={plain ? null : t('imports.sourceWrong')}
                onChange={(event) => setSource(event.currentTarget.value)}
              />
              {missing.map((any) => (
                <Notice key={any.join()} kind="warn">
                  {t('imports.needed', { fields: any.map(words).join(t('imports.or')) })}
                </Notice>
              ))}
              <ProblemNotice
                error={check.error}
                instead={{
                  'import-busy': t('imports.busy'),
                  ...(hasCode(check.error, 'sheet-columns') && { 'sheet-columns': check.error.detail }),
                }}
              />
              <div>
                <Button type="submit" loading={check.isPending} disabled={missing.length > 0 || !plain}>
                  {t('imports.check')}
                </Button>
                <Text c="dimmed" mt="xs">
                  {t('imports.checkMore')}
                </Text>
              </div>
            </Stack>
          </div>
        </Stack>
      </form>
    </Section>
  )
}
