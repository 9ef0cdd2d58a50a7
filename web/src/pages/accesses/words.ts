import { useTranslation } from 'react-i18next'
import type { Access } from '@/api/types'
import { purposes, tieWords, whats } from '@/texts/en/accesses'

const lookUp = (words: Record<string, string>, key: string) =>
  Object.hasOwn(words, key) ? (words[key] ?? key) : key

export const whatWords = (what: string) => lookUp(whats, what)
export const purposeWords = (code: string) => lookUp(purposes, code)
export const tieText = (kind: string) => lookUp(tieWords, kind)

/** Who it was, as far as the server tells. */
export function useWho() {
  const { t } = useTranslation()
  return (who: Access['who']): string => {
    if (who.own) return t('accesses.you')
    if (who.kind === 'system') return t('accesses.system')
    if (who.kind === 'operator') return t('accesses.operator')
    if (who.kind === 'support')
      return t('accesses.support', {
        name: who.name ?? t('accesses.someone'),
        of: who.on_behalf_of ?? t('accesses.someone'),
      })
    if (who.kind === 'service') return t('accesses.service', { name: who.name ?? who.role })
    if (who.name && who.role && who.name !== who.role) return `${who.name}, ${who.role}`
    return who.name || who.role || t('accesses.someone')
  }
}
