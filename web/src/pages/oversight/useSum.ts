import { useTranslation } from 'react-i18next'
import type { Sum } from './figures'

/** A sum in words: parts of it may not be told. */
export function useSum() {
  const { t } = useTranslation()
  return ({ count, more }: Sum): string => {
    const said = count.toLocaleString('en')
    if (!more) return said
    return count === 0 ? t('oversight.few') : t('oversight.atLeast', { count: said as unknown as number })
  }
}
