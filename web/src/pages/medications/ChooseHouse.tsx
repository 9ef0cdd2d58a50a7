import { Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useChosenFacility } from '@/pages/context/useFacility'
import { ChoiceCard } from '@/ui/ChoiceCard'
import { HouseIcon } from '@/ui/icons'
import classes from './Pass.module.css'

/** Rooms of several houses would stand side by side under the same numbers: one is chosen first. */
export function ChooseHouse() {
  const { t } = useTranslation()
  const { choices, choose } = useChosenFacility()
  return (
    <section>
      <Title order={2}>{t('medications.house')}</Title>
      <Text c="dimmed" mb="md">
        {t('medications.houseLead')}
      </Text>
      <ul className={classes.houses}>
        {choices.map((it) => (
          <li key={it.code}>
            <ChoiceCard icon={<HouseIcon size={22} />} title={it.name} onClick={() => choose(it.code)} />
          </li>
        ))}
      </ul>
    </section>
  )
}
