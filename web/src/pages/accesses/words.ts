import { useTranslation } from 'react-i18next'
import type { Access } from '@/api/types'
import { purposes, recordKinds, tieWords, whats } from '@/texts/en/deeds'
import { lookUp } from '@/texts/words'

const wordsOf = (words: Record<string, string>) => (key: string) => lookUp(words, key) ?? key

export const whatWords = wordsOf(whats)
export const recordWords = wordsOf(recordKinds)
export const purposeWords = wordsOf(purposes)
export const tieText = wordsOf(tieWords)

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
