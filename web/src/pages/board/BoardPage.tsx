import {
  type Announcements,
  type CollisionDetection,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  KeyboardCode,
  type KeyboardCoordinateGetter,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  TouchSensor,
  useDroppable,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import '@/pages/shift/texts'
import { Anchor, Button, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { boardQuery, type Card, COLUMNS, type Column, columnOf, TEAMS, type Team } from '@/api/board'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import '@/pages/shift/texts'
import { PlaceSelect } from '@/pages/shift/PlaceSelect'
import shiftClasses from '@/pages/shift/Shift.module.css'
import { Undone } from '@/pages/shift/TaskLine'
import { useLiveBoard } from '@/pages/shift/useLive'
import { useNow } from '@/pages/shift/useNow'
import { usePlace } from '@/pages/shift/usePlace'
import { Busy } from '@/ui/Busy'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './Board.module.css'
import { CardView, Face, type Goal } from './CardView'
import { useMoves } from './useMoves'

/** The tasks of a facility as cards in columns, which everybody sees move. */
export function BoardPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const place = usePlace()
  const [team, setTeam] = useState<Team | 'all'>('all')
  const query = boardQuery(context, place.code, team)
  const { data, error } = useQuery({ ...query, enabled: place.code !== '' })
  useTitle(t('board.title'))
  useLiveBoard()
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/shift" params={{ context }} {...props} />}>
            ← {t('shift.backToShift')}
          </Anchor>
        }
        title={t('board.title')}
        lead={place.name && t('board.lead', { facility: place.name })}
      />
      <div className={shiftClasses.tools}>
        <PlaceSelect />
        <NativeSelect
          label={t('board.team')}
          value={team}
          onChange={(event) => setTeam(event.currentTarget.value as Team)}
          data={(['all', ...TEAMS] as const).map((value) => ({ value, label: t(`board.team_${value}`) }))}
        />
      </div>
      {place.code === '' && <Text>{t('shift.noFacility')}</Text>}
      <ProblemNotice error={error} />
      {!data && !error && place.code !== '' && <Busy label={t('board.loading')} />}
      {data?.hidden && <Notice kind="warn">{t('board.hidden')}</Notice>}
      {data && !data.hidden && <Columns queryKey={query.queryKey} cards={data.tasks} zone={data.time_zone} />}
    </Stack>
  )
}

/** Arrow keys go from column to column: cards have no order of their own to be put into. */
const besides: KeyboardCoordinateGetter = (event, { currentCoordinates, context }) => {
  const step = { [KeyboardCode.Right]: 1, [KeyboardCode.Left]: -1 }[event.code]
  const from = context.over?.id ?? context.active?.data.current?.column
  const at = COLUMNS.indexOf(from as Column)
  const next = step && COLUMNS[at + step]
  const place = next && context.droppableRects.get(next)
  if (!place) return currentCoordinates
  event.preventDefault()
  return { x: place.left + 12, y: place.top + 12 }
}

/** The column under the pointer; for the keyboard, the one in which the card's corner is, or that is nearest to it. */
const under: CollisionDetection = (args) => {
  if (args.pointerCoordinates) return pointerWithin(args)
  const { left, top } = args.collisionRect
  const distances = args.droppableContainers.flatMap((droppableContainer) => {
    const rect = args.droppableRects.get(droppableContainer.id)
    if (!rect) return []
    const beside = Math.max(rect.left - left, 0, left - rect.right)
    const above = Math.max(rect.top - top, 0, top - rect.bottom)
    return [{ id: droppableContainer.id, data: { droppableContainer, value: Math.hypot(beside, above) } }]
  })
  return distances.sort((a, b) => a.data.value - b.data.value).slice(0, 1)
}

interface Asked {
  card: Card
  goal: 'waiting' | 'notDone'
}

function Columns({ queryKey, cards, zone }: { queryKey: readonly unknown[]; cards: Card[]; zone: string }) {
  const { t } = useTranslation()
  const now = useNow()
  const [lifted, setLifted] = useState<Card>()
  const [asked, setAsked] = useState<Asked>()
  const moves = useMoves(queryKey)
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    // A finger that rests picks up; one that moves scrolls.
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: besides }),
  )
  const find = (id: unknown) => cards.find((card) => card.task === id)
  function go(card: Card, goal: Goal) {
    if (goal === columnOf(card)) return
    if (goal === 'waiting' || goal === 'notDone') setAsked({ card, goal })
    else moves.go(card, goal)
  }
  function dropped({ active, over }: DragEndEvent) {
    const card = find(active.id)
    setLifted(undefined)
    if (card && over) go(card, over.id as Column)
  }
  const named = (id: unknown) => t(`board.column_${id as Column}`)
  const announcements: Announcements = {
    onDragStart: ({ active }) => t('board.picked', { task: find(active.id)?.text }),
    onDragOver: ({ over }) => (over ? t('board.over', { column: named(over.id) }) : t('board.overNothing')),
    onDragEnd: ({ over }) => (over ? t('board.dropped', { column: named(over.id) }) : t('board.cancelled')),
    onDragCancel: () => t('board.cancelled'),
  }
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={under}
      accessibility={{ announcements, screenReaderInstructions: { draggable: t('board.drag') } }}
      onDragStart={({ active }) => setLifted(find(active.id))}
      onDragCancel={() => setLifted(undefined)}
      onDragEnd={dropped}
    >
      <div role="status">
        {moves.said && <Notice kind={moves.lost ? 'warn' : 'good'}>{moves.said}</Notice>}
      </div>
      <ProblemNotice error={moves.error} />
      <div className={classes.columns}>
        {COLUMNS.map((column) => {
          const own = cards.filter((card) => columnOf(card) === column)
          return (
            <ColumnView key={column} column={column} count={own.length}>
              {own.map((card) => (
                <CardView
                  key={card.task}
                  card={card}
                  zone={zone}
                  now={now}
                  onMove={(goal) => go(card, goal)}
                />
              ))}
            </ColumnView>
          )
        })}
      </div>
      <DragOverlay dropAnimation={null}>
        {lifted && (
          <div className={`${classes.card} ${classes.above}`}>
            <Face card={lifted} zone={zone} now={now} />
          </div>
        )}
      </DragOverlay>
      {asked?.goal === 'notDone' && (
        <Undone
          title={t('shift.notDoneOf', { task: asked.card.text, name: asked.card.name })}
          pending={false}
          error={null}
          onClose={() => setAsked(undefined)}
          onSay={(why) => {
            setAsked(undefined)
            moves.go(asked.card, 'notDone', why)
          }}
        />
      )}
      {asked?.goal === 'waiting' && (
        <Waiting
          card={asked.card}
          onClose={() => setAsked(undefined)}
          onSay={(why) => {
            setAsked(undefined)
            moves.go(asked.card, 'waiting', why)
          }}
        />
      )}
    </DndContext>
  )
}

function ColumnView({ column, count, children }: { column: Column; count: number; children: ReactNode }) {
  const { t } = useTranslation()
  const { setNodeRef, isOver } = useDroppable({ id: column })
  return (
    <section
      ref={setNodeRef}
      aria-label={t(`board.column_${column}`)}
      className={`${classes.column} ${isOver ? classes.over : ''}`}
    >
      <h2 className={classes.title}>
        {t(`board.column_${column}`)} <span className={classes.quiet}>{t('board.count', { count })}</span>
      </h2>
      {count === 0 && <Text c="dimmed">{t('board.empty')}</Text>}
      <ul className={classes.list}>{children}</ul>
    </section>
  )
}

function Waiting({ card, onClose, onSay }: { card: Card; onClose(): void; onSay(why: string): void }) {
  const { t } = useTranslation()
  const [why, setWhy] = useState('')
  const [tried, setTried] = useState(false)
  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (why.trim() !== '') onSay(why.trim())
  }
  return (
    <Dialog title={t('board.waitingTitle', { task: card.text, name: card.name })} onClose={onClose}>
      <form onSubmit={submit} noValidate className={classes.list}>
        <Textarea
          data-autofocus
          label={t('board.waitingLabel')}
          rows={2}
          resize="vertical"
          maxLength={500}
          value={why}
          error={tried && why.trim() === '' ? t('board.waitingNeeded') : undefined}
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
        <div className={shiftClasses.buttons}>
          <Button type="submit">{t('board.save')}</Button>
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
