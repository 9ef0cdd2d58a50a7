import { useTranslation } from 'react-i18next'
import { chartsIn, type Stay } from '@/api/charts'
import { useMe } from '@/pages/context/useContextId'
import { StayForm } from './StayForm'
import { useRooms } from './useRooms'

interface Props {
  stay: Stay
  onDone(): void
}

export function Transfer({ stay, onDone }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const rooms = useRooms()
  return (
    <StayForm
      form="transfer"
      title={t('stays.transferTitle')}
      submit={t('stays.save_transfer')}
      fields={[
        {
          key: 'room',
          label: t('stays.newRoom'),
          kind: 'text',
          hint: t('stays.wardHint'),
          needed: t('stays.roomNeeded'),
          suggestions: rooms.names,
        },
      ]}
      send={async ({ room }, at) => {
        await chartsIn(context).transfer(stay, { room: rooms.placeOf(room), at })
        return undefined
      }}
      onDone={onDone}
    />
  )
}

export function Leave({ stay, onDone }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  return (
    <StayForm
      form="leave"
      title={t('stays.leaveTitle')}
      submit={t('stays.save_leave')}
      begin={{ kind: 'hospital', hold: 'yes' }}
      fields={[
        {
          key: 'kind',
          label: t('stays.leaveKind'),
          kind: 'select',
          options: (['hospital', 'home', 'other'] as const).map((value) => ({
            value,
            label: t(`stays.kind_${value}`),
          })),
        },
        {
          key: 'to',
          label: t('stays.leaveTo'),
          kind: 'text',
          hint: t('stays.leaveToHint'),
          needed: t('stays.leaveToNeeded'),
        },
        { key: 'hold', label: t('stays.hold'), kind: 'check' },
      ]}
      send={async ({ kind, to, hold }, at) => {
        await chartsIn(context).leave(stay, { kind, to: to?.trim(), hold: hold === 'yes', at })
        return undefined
      }}
      onDone={onDone}
    />
  )
}

export function ComeBack({ stay, onDone }: Props) {
  const { t } = useTranslation()
  const { context } = useMe()
  const rooms = useRooms()
  return (
    <StayForm
      form="return"
      title={t('stays.comeBackTitle')}
      submit={t('stays.save_return')}
      begin={{ room: stay.room ?? '' }}
      fields={[{ key: 'room', label: t('stays.backTo'), kind: 'text', suggestions: rooms.names }]}
      send={async ({ room }, at) => {
        const other = room?.trim() !== (stay.room ?? '')
        await chartsIn(context).comeBack(stay, { room: other ? rooms.placeOf(room) : undefined, at })
        return undefined
      }}
      onDone={onDone}
    />
  )
}
