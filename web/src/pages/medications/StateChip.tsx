import { useTranslation } from 'react-i18next'
import type { DoseState } from '@/api/medications'
import { Chip } from '@/ui/Chip'

const KINDS: Partial<Record<DoseState, 'good' | 'warn' | 'bad'>> = {
  due: 'warn',
  late: 'bad',
  missed: 'bad',
  'on-hold': 'warn',
  given: 'good',
  refused: 'warn',
  held: 'warn',
  unavailable: 'warn',
  away: 'warn',
}

export function StateChip({ state }: { state: DoseState }) {
  const { t } = useTranslation()
  return <Chip kind={KINDS[state]}>{t(`medications.state_${state}`)}</Chip>
}
