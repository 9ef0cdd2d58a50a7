import { Input, type MantineColorScheme, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'

export function Appearance() {
  const { t } = useTranslation()
  // Without this it writes a style element for a moment, which the CSP forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  const id = useId()
  return (
    <div>
      <Input.Label id={id}>{t('common.appearance')}</Input.Label>
      <SegmentedControl
        fullWidth
        aria-labelledby={id}
        transitionDuration={0}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as MantineColorScheme)}
        data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`common.${value}`) }))}
      />
    </div>
  )
}
