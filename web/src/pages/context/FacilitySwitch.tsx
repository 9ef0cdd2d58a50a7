import { useTranslation } from 'react-i18next'
import { FacilitySelect } from '@/ui/FacilitySelect'
import { useChosenFacility } from './useFacility'

/** Which of the post's facilities lists are about, in the bar: of this post in this tab. */
export function FacilitySwitch() {
  const { t } = useTranslation()
  const facility = useChosenFacility()
  if (facility.choices.length < 2) return null
  return (
    <FacilitySelect
      label={t('context.facilityShown')}
      all={t('context.facilityAll')}
      choices={facility.choices}
      value={facility.code}
      onChange={facility.choose}
    />
  )
}
