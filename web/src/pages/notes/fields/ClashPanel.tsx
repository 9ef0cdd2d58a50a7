import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Answer, Item } from '@/api/noteTypes'
import { words } from '../answers'
import classes from './Field.module.css'

interface Props {
  item: Item
  mine: Answer[]
  theirs: Answer[]
  by: string
  zone: string
  onChoose(given: Answer[]): void
}

/** Two wrote differently into one field: both stand side by side until somebody chooses. */
export function ClashPanel({ item, mine, theirs, by, zone, onChoose }: Props) {
  const { t } = useTranslation()
  const both =
    item.type === 'text' && mine[0]?.valueString && theirs[0]?.valueString
      ? [{ valueString: `${theirs[0].valueString}\n${mine[0].valueString}` }]
      : undefined
  const named = (what: string) => t('notes.clashOf', { field: item.text ?? '', what })
  const button = (what: string, given: Answer[]) => (
    <Button size="sm" variant="default" aria-label={named(what)} onClick={() => onChoose(given)}>
      {what}
    </Button>
  )
  return (
    <div className={classes.clash} role="alert" data-clash>
      <strong>{t('notes.clash', { by })}</strong>
      <dl className={classes.sides}>
        <div>
          <dt>{t('notes.clashTheirs')}</dt>
          <dd>{words(theirs, item, zone) || t('notes.clashEmpty')}</dd>
        </div>
        <div>
          <dt>{t('notes.clashMine')}</dt>
          <dd>{words(mine, item, zone) || t('notes.clashEmpty')}</dd>
        </div>
      </dl>
      <Group gap="xs">
        {button(t('notes.keepMine'), mine)}
        {button(t('notes.takeTheirs'), theirs)}
        {both && button(t('notes.keepBoth'), both)}
      </Group>
    </div>
  )
}
