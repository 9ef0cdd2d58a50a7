import { useTranslation } from 'react-i18next'
import type { Member } from '@/api/types'
import { Chip } from '@/ui/Chip'

const kinds = { active: 'good', invited: 'warn', ended: 'plain' } as const

export function StateChip({ state }: { state: Member['state'] }) {
  const { t } = useTranslation()
  return <Chip kind={kinds[state]}>{t(`people.state_${state}`)}</Chip>
}
