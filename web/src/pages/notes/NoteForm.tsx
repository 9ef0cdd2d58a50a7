import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Answer, Answers, Item, NoteDraft, Questionnaire } from '@/api/noteTypes'
import { Chip } from '@/ui/Chip'
import { Field } from './fields/Field'
import classesOfField from './fields/Field.module.css'
import { isScore, isShown } from './form'
import type { Clashes } from './join'
import classes from './NoteForm.module.css'
import { scoresOf } from './scores'

interface Props {
  questionnaire: Questionnaire
  answers: Answers
  last: Pick<NonNullable<NoteDraft['last']>, 'at' | 'answers'> | null
  zone: string
  clashes?: Clashes
  clashBy?: string
  /** Fields that the server does not take, and fields that are still needed. */
  refused?: readonly string[]
  missing?: readonly string[]
  disabled?: boolean
  onChange(linkId: string, given: Answer[]): void
  onChoose?(linkId: string, given: Answer[]): void
}

const NARROW = ['integer', 'decimal', 'quantity', 'date', 'time', 'boolean']

/** A template as a form: its sections, their fields, and scores as they come out. */
export function NoteForm(props: Props) {
  const { questionnaire, answers } = props
  const scores = useMemo(() => scoresOf(questionnaire, answers), [questionnaire, answers])
  const shown = (item: Item) => isShown(item.linkId, questionnaire, answers)

  function field(item: Item) {
    if (!shown(item)) return null
    if (item.type === 'display')
      return (
        <p key={item.linkId} className={classesOfField.display}>
          {item.text}
        </p>
      )
    if (item.type === 'group')
      return (
        <section key={item.linkId} className={classes.group} aria-label={item.text}>
          {item.text && <h4 className={classes.groupTitle}>{item.text}</h4>}
          <div className={classes.fields}>{item.item?.map(field)}</div>
        </section>
      )
    if (isScore(item)) return <ScoreLine key={item.linkId} item={item} score={scores[item.linkId]} />
    const { linkId } = item
    const fault = props.refused?.includes(linkId)
      ? 'refused'
      : props.missing?.includes(linkId)
        ? 'missing'
        : undefined
    return (
      <div key={linkId} data-narrow={NARROW.includes(item.type) || undefined}>
        <Field
          item={item}
          given={answers[linkId]}
          last={props.last?.answers[linkId]}
          lastAt={props.last?.at}
          zone={props.zone}
          clash={props.clashes?.[linkId]}
          clashBy={props.clashBy}
          fault={fault}
          disabled={props.disabled}
          onChange={props.onChange}
          onChoose={props.onChoose}
        />
      </div>
    )
  }
  const top = questionnaire.item ?? []
  const loose = top.filter((it) => it.type !== 'group')
  return (
    <div className={classes.form}>
      {loose.some(shown) && (
        <section className={classes.section}>
          <div className={classes.fields}>{loose.map(field)}</div>
        </section>
      )}
      {top
        .filter((it) => it.type === 'group' && shown(it))
        .map((section) => (
          <section
            key={section.linkId}
            className={classes.section}
            aria-labelledby={`title-${section.linkId}`}
          >
            <h3 className={classes.title} id={`title-${section.linkId}`}>
              {section.text}
            </h3>
            <div className={classes.fields}>{section.item?.map(field)}</div>
          </section>
        ))}
    </div>
  )
}

function ScoreLine({ item, score }: { item: Item; score: ReturnType<typeof scoresOf>[string] | undefined }) {
  const { t } = useTranslation()
  return (
    <output className={classesOfField.score} data-score={item.linkId}>
      <span className={classesOfField.scoreName}>{item.text}</span>
      {score ? (
        <>
          <span className={classesOfField.scoreValue}>{score.value}</span>
          {score.text && <Chip kind={score.alert ? 'bad' : 'plain'}>{score.text}</Chip>}
        </>
      ) : (
        <span className={classesOfField.unit}>{t('notes.scoreOpen')}</span>
      )}
    </output>
  )
}
