import { useDraggable } from '@dnd-kit/core'
import { Anchor, Button, Menu } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Card, COLUMNS, type Column, columnOf } from '@/api/board'
import { useMe } from '@/pages/context/useContextId'
import { told } from '@/pages/shift/TaskLine'
import { Chip } from '@/ui/Chip'
import classes from './Board.module.css'

export type Goal = Column | 'notDone'

interface Props {
  card: Card
  zone: string
  now: number
  onMove(to: Goal): void
}

/** A card that can be dragged, and moved by its menu. What is finished stays where it is. */
export function CardView({ card, zone, now, onMove }: Props) {
  const { may } = useMe()
  const moves = may('chart.write') && columnOf(card) !== 'done'
  const drag = useDraggable({ id: card.task, disabled: !moves })
  return (
    <li
      ref={drag.setNodeRef}
      className={`${classes.card} ${moves ? classes.grab : ''} ${drag.isDragging ? classes.lifted : ''}`}
      {...(moves ? drag.listeners : {})}
    >
      <Face card={card} zone={zone} now={now} />
      {moves && (
        <div className={classes.foot}>
          <Handle card={card} drag={drag} />
          <Moves card={card} onMove={onMove} />
        </div>
      )}
    </li>
  )
}

/** Where the keyboard picks a card up: the card itself holds links and a menu of its own. */
function Handle({ card, drag }: { card: Card; drag: ReturnType<typeof useDraggable> }) {
  const { t } = useTranslation()
  return (
    <Button
      ref={drag.setActivatorNodeRef}
      size="compact-sm"
      variant="subtle"
      aria-describedby={drag.attributes['aria-describedby']}
      aria-label={t('board.grab', { task: card.text, name: card.name })}
    >
      ⠿
    </Button>
  )
}

/** What a card says. */
export function Face({ card, zone, now }: { card: Card; zone: string; now: number }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const column = columnOf(card)
  const overdue = column !== 'done' && card.due !== null && Date.parse(card.due) < now
  return (
    <>
      <div>{card.text}</div>
      <div>
        <Anchor
          fw={600}
          renderRoot={(props) => (
            <Link
              to="/c/$context/patients/$patient"
              params={{ context, patient: card.patient }}
              draggable={false}
              {...props}
            />
          )}
        >
          {card.name || t('board.nameless')}
        </Anchor>
        {card.room && <span className={classes.quiet}> · {card.room}</span>}
      </div>
      <div className={classes.chips}>
        {overdue && <Chip kind="bad">{t('shift.overdue')}</Chip>}
        {column !== 'done' && card.urgent && <Chip kind="warn">{t('shift.urgent')}</Chip>}
        {card.team && <Chip>{t(`board.team_${card.team}` as 'board.team_care')}</Chip>}
        {card.status === 'cancelled' && <Chip kind="warn">{t('board.notDone')}</Chip>}
      </div>
      <div className={classes.quiet}>
        {[
          column !== 'done' &&
            (card.due ? t('shift.due', { at: told(card.due, now, zone) }) : t('shift.anyTime')),
          card.owner,
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
      {card.reason && (
        <div className={classes.quiet}>
          {t(card.status === 'cancelled' ? 'board.notDoneBecause' : 'board.waitsFor', {
            reason: card.reason,
          })}
        </div>
      )}
    </>
  )
}

function Moves({ card, onMove }: { card: Card; onMove(to: Goal): void }) {
  const { t } = useTranslation()
  const here = columnOf(card)
  const goals: Goal[] = [...COLUMNS.filter((column) => column !== here), 'notDone']
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          size="compact-md"
          variant="default"
          aria-label={t('board.menuOf', { task: card.text, name: card.name })}
        >
          {t('board.move')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {goals.map((goal) => (
          <Menu.Item key={goal} onClick={() => onMove(goal)}>
            {t(`board.to_${goal}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
