import { useTranslation } from 'react-i18next'
import { chartsIn } from '@/api/charts'
import { hasCode } from '@/api/errors'
import { fhirIn } from '@/api/fhir'
import { useChart } from '@/pages/chart/useChart'
import { nameOf } from '@/pages/chart/words'
import { useFacility } from '@/pages/context/useFacility'
import { Notice } from '@/ui/Notice'
import { StayForm } from './StayForm'
import { isCurrent } from './stay'
import { useRooms } from './useRooms'

/**
 * To another facility: the chart moves as a whole, then the patient says which facility is theirs, then comes the room.
 * What was done stays done: tried again, it goes on from there.
 */
export function MoveHouse({ onDone }: { onDone(told?: string[]): void }) {
  const { t } = useTranslation()
  const { context, id, me, patient } = useChart()
  const facilities = useFacility()
  const rooms = useRooms()
  const here = patient.managingOrganization?.display
  const others = me.facilities.filter((it) => it.name !== here)
  return (
    <StayForm
      form="house"
      title={t('stays.houseTitle', { name: nameOf(patient.name) })}
      submit={t('stays.save_house')}
      above={<Notice kind="info">{t('stays.houseText')}</Notice>}
      fields={[
        {
          key: 'facility',
          label: t('stays.houseWhich'),
          kind: 'select',
          needed: t('stays.housePick'),
          options: [
            { value: '', label: t('admit.pick') },
            ...others.map((it) => ({ value: it.code, label: it.name })),
          ],
        },
        { key: 'reason', label: t('stays.houseWhy'), kind: 'area', needed: t('stays.houseWhyNeeded') },
        { key: 'room', label: t('stays.houseRoom'), kind: 'text', suggestions: rooms.names },
      ]}
      send={async ({ facility = '', reason = '', room }, at) => {
        const calls = chartsIn(context)
        const fhir = fhirIn(context)
        const target = me.facilities.find((it) => it.code === facility)
        const standing = await fhir.read('Patient', id)
        const moved = await calls
          .reassign(id, standing.version, { facility, reason: reason.trim() })
          .catch((error: unknown) => {
            if (hasCode(error, 'already-there')) return null
            throw error
          })
        const organization = target && facilities.organizationOf(target.name)
        const after = await fhir.read('Patient', id)
        await fhir.change(after, {
          managingOrganization: {
            ...(organization && { reference: `Organization/${organization}` }),
            display: target?.name,
          },
        })
        const place = rooms.placeOf(room)
        const stay = place && (await calls.stays(id)).find(isCurrent)
        if (stay && stay.status !== 'onleave') await calls.transfer(stay, { room: place, at })
        return [
          t('stays.housed', { facility: target?.name ?? facility }),
          ...(moved && moved.ties_ended > 0 ? [t('stays.housedTies', { count: moved.ties_ended })] : []),
        ]
      }}
      onDone={onDone}
    />
  )
}
