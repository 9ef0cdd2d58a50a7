import { Button, Checkbox, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Item } from '@/api/noteTypes'
import { BAND, type Band, bandsOf } from '@/pages/notes/form'
import { BinIcon } from '@/ui/icons'
import classes from './Builder.module.css'
import { bandExtensions, withExtensions } from './shape'

/** What a score means, from where to where. */
export function BandsEditor({ item, onChange }: { item: Item; onChange(change: (it: Item) => Item): void }) {
  const { t } = useTranslation()
  const bands = bandsOf(item)
  const change = (make: (all: Band[]) => Band[]) =>
    onChange((it) => withExtensions(it, BAND, bandExtensions(make(bandsOf(it)))))
  const at = (i: number, made: Partial<Band>) =>
    change((all) => all.map((it, j) => (j === i ? { ...it, ...made } : it)))
  const end = (i: number, which: 'low' | 'high', label: string, short: string, is: number | undefined) => (
    <TextInput
      className={classes.points}
      aria-label={label}
      placeholder={short}
      inputMode="numeric"
      autoComplete="off"
      maxLength={7}
      defaultValue={is ?? ''}
      onChange={(event) => {
        const typed = event.currentTarget.value.trim()
        const number = typed === '' ? undefined : Number(typed)
        if (number === undefined || Number.isInteger(number)) at(i, { [which]: number })
      }}
    />
  )
  return (
    <fieldset className={classes.options}>
      <legend>{t('templates.bands')}</legend>
      {bands.map((band, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bands have no identity of their own
        <div key={`${i} of ${bands.length}`} className={classes.option}>
          {end(i, 'low', t('templates.bandLow', { n: i + 1 }), t('templates.bandFrom'), band.low)}
          {end(i, 'high', t('templates.bandHigh', { n: i + 1 }), t('templates.bandTo'), band.high)}
          <TextInput
            className={classes.grow}
            aria-label={t('templates.bandText', { n: i + 1 })}
            placeholder={t('templates.bandWords')}
            autoComplete="off"
            maxLength={200}
            value={band.text}
            onChange={(event) => at(i, { text: event.currentTarget.value })}
          />
          <Checkbox
            aria-label={t('templates.bandAlert', { n: i + 1 })}
            label={t('templates.bandAlertShort')}
            checked={band.alert}
            onChange={(event) => at(i, { alert: event.currentTarget.checked })}
          />
          <button
            type="button"
            className={classes.icon}
            aria-label={t('templates.removeBand', { n: i + 1 })}
            onClick={() => change((all) => all.filter((_, j) => j !== i))}
          >
            <BinIcon size={18} />
          </button>
        </div>
      ))}
      <div>
        <Button
          size="sm"
          variant="subtle"
          onClick={() => change((all) => [...all, { text: '', alert: false }])}
        >
          {t('templates.addBand')}
        </Button>
      </div>
    </fieldset>
  )
}
