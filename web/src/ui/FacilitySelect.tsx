import classes from './FacilitySelect.module.css'
import { HouseIcon } from './icons'

interface Props {
  label: string
  all: string
  choices: readonly { code: string; name: string }[]
  value: string
  onChange(code: string): void
}

/** The platform's own list, in a bar: keyboard and phone are as everywhere. On a phone only its icon shows. */
export function FacilitySelect({ label, all, choices, value, onChange }: Props) {
  return (
    <span className={classes.switch} data-chosen={value !== '' || undefined}>
      <HouseIcon size={20} />
      <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{all}</option>
        {choices.map((it) => (
          <option key={it.code} value={it.code}>
            {it.name}
          </option>
        ))}
      </select>
    </span>
  )
}
