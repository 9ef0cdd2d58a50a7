import { PasswordInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export const PASSWORD_RULES = { min: 12, max: 256 }

interface Props {
  value: string
  onChange(value: string): void
  label?: string
  error?: string
  rules?: { min: number; max: number }
}

/** Counted as the server counts: in characters, not in the units of the script. */
export const passwordFits = (value: string, rules = PASSWORD_RULES) =>
  [...value].length >= rules.min && [...value].length <= rules.max

export function NewPasswordInput({ value, onChange, label, error, rules = PASSWORD_RULES }: Props) {
  const { t } = useTranslation()
  const length = [...value].length
  const missing = rules.min - length
  const state =
    length === 0
      ? ''
      : missing > 0
        ? t('newPassword.more', { count: missing })
        : length > rules.max
          ? t('newPassword.tooLong', { max: rules.max })
          : t('newPassword.enough')
  return (
    <div>
      <PasswordInput
        label={label ?? t('account.newPassword')}
        description={t('newPassword.rules', { min: rules.min })}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        autoComplete="new-password"
        name="new-password"
        minLength={rules.min}
        maxLength={rules.max}
        required
        withAsterisk={false}
        data-autofocus
      />
      <p className="quiet" role="status">
        {state}
      </p>
    </div>
  )
}
