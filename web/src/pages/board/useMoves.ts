import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Board, type Card, columnOf, moveTask, put } from '@/api/board'
import { ApiError } from '@/api/errors'
import { shiftIn, shiftQueries } from '@/api/shift'
import { useMe } from '@/pages/context/useContextId'
import type { Goal } from './CardView'

interface Move {
  card: Card
  goal: Goal
  why: string | undefined
}

/** Moves cards: seen at once, and put right by what the server says. */
export function useMoves(queryKey: readonly unknown[]) {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const [said, setSaid] = useState('')
  const [lost, setLost] = useState(false)
  const move = useMutation({
    mutationFn: ({ card, goal, why }: Move) =>
      goal === 'done' || goal === 'notDone'
        ? shiftIn(context).finish(card, goal === 'done', why)
        : moveTask(context, card, goal, why),
    onMutate: async ({ card, goal }) => {
      setSaid('')
      await cache.cancelQueries({ queryKey })
      const column = goal === 'notDone' ? 'done' : goal
      cache.setQueryData<Board>(queryKey, (board) => {
        if (!board) return board
        const tasks = board.tasks.map((it) => (it.task === card.task ? put(it, column) : it))
        return { ...board, tasks }
      })
    },
    onSuccess: (task, { card }) => {
      setLost(false)
      setSaid(t('board.moved', { task: card.text, column: t(`board.column_${columnOf(task)}`) }))
    },
    onError: (error) => {
      if (!wasFaster(error)) return
      setLost(true)
      setSaid(t('board.faster'))
    },
    onSettled: () => cache.invalidateQueries({ queryKey: shiftQueries(context).all }),
  })
  return {
    go: (card: Card, goal: Goal, why?: string) => move.mutate({ card, goal, why }),
    said,
    lost,
    error: wasFaster(move.error) ? null : move.error,
  }
}

const wasFaster = (error: unknown) => error instanceof ApiError && [409, 412].includes(error.status)
