import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Condition, Item, Questionnaire } from '@/api/noteTypes'
import { codingOf } from '@/pages/notes/fields/ChoiceInput'
import { sameCoding } from '@/pages/notes/form'
import classes from './Builder.module.css'
import { before } from './shape'

interface Props {
  item: Item
  value: Questionnaire
  onChange(change: (it: Item) => Item): void
}

/** When an item is shown: always, or by the answer to a question before it. */
export function ConditionEditor({ item, value, onChange }: Props) {
  const { t } = useTranslation()
  const condition = item.enableWhen?.[0]
  const questions = before(value, item.linkId)
  const asked = questions.find((it) => it.linkId === condition?.question)
  if (questions.length === 0 && !condition) return null
  const set = (next: Condition | undefined) =>
    onChange(({ enableWhen: _, ...it }) => (next ? { ...it, enableWhen: [next] } : it))

  const answers: { key: string; label: string; is: Omit<Condition, 'question'> }[] = [
    ...(asked?.type === 'boolean'
      ? [true, false].map((answerBoolean) => ({
          key: `= ${answerBoolean}`,
          label: `${t('templates.conditionIs')} ${t(answerBoolean ? 'notes.yes' : 'notes.no')}`,
          is: { operator: '=' as const, answerBoolean },
        }))
      : []),
    ...(asked?.type === 'choice' || asked?.type === 'open-choice'
      ? (asked.answerOption ?? []).map((option) => ({
          key: `= ${option.valueCoding?.code}`,
          label: `${t('templates.conditionIs')} ${option.valueCoding?.display ?? ''}`,
          is: { operator: '=' as const, answerCoding: codingOf(option).valueCoding },
        }))
      : []),
    ...[true, false].map((answerBoolean) => ({
      key: `exists ${answerBoolean}`,
      label: t(answerBoolean ? 'templates.exists' : 'templates.existsNot'),
      is: { operator: 'exists' as const, answerBoolean },
    })),
  ]
  const chosen = answers.find(
    ({ is }) =>
      is.operator === condition?.operator &&
      (is.answerCoding
        ? sameCoding(is.answerCoding, condition.answerCoding)
        : condition.answerCoding === undefined && is.answerBoolean === condition.answerBoolean),
  )
  return (
    <div className={classes.pair}>
      <NativeSelect
        size="md"
        label={t('templates.condition')}
        value={condition?.question ?? ''}
        data={[
          { value: '', label: t('templates.always') },
          ...questions.map((it) => ({
            value: it.linkId,
            label: t('templates.whenAsked', { question: it.text || t('templates.untitled') }),
          })),
        ]}
        onChange={(event) => {
          const question = event.currentTarget.value
          const type = questions.find((it) => it.linkId === question)?.type
          set(
            question === ''
              ? undefined
              : { question, operator: type === 'boolean' ? '=' : 'exists', answerBoolean: true },
          )
        }}
      />
      {condition && (
        <NativeSelect
          size="md"
          label={t('templates.conditionHow')}
          value={chosen?.key ?? ''}
          data={[
            ...(chosen ? [] : [{ value: '', label: t('notes.choose') }]),
            ...answers.map(({ key, label }) => ({ value: key, label })),
          ]}
          onChange={(event) => {
            const found = answers.find((it) => it.key === event.currentTarget.value)
            if (found) set({ question: condition.question, ...found.is })
          }}
        />
      )}
    </div>
  )
}
