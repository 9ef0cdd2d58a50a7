import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './Shift.module.css'
import { usePlace } from './usePlace'

/** Which facility's shift, where the post has several. */
export function PlaceSelect() {
  const { t } = useTranslation()
  const place = usePlace()
  if (place.choices.length < 2) return null
  return (
    <NativeSelect
      className={classes.place}
      label={t('shift.facility')}
      value={place.code}
      onChange={(event) => place.choose(event.currentTarget.value)}
      data={place.choices.map((it) => ({ value: it.code, label: it.name }))}
    />
  )
}
