import { useTranslation } from 'react-i18next'
import { useMe } from '@/pages/context/useContextId'

/** Facilities by their names, as far as they are within reach. */
export function usePlace() {
  const { t } = useTranslation()
  const { me } = useMe()
  const names = new Map(me.facilities.map(({ code, name }) => [code, name]))
  const place = (code: string) => names.get(code) ?? code
  return {
    place,
    places(codes: readonly string[]): string {
      if (codes.length === 0) return t('people.nowhere')
      if (codes.length > 2 && codes.length === names.size)
        return t('people.wholeOrganization', { count: codes.length })
      return codes.map(place).join(', ')
    },
  }
}
