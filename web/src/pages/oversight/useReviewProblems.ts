import { useTranslation } from 'react-i18next'

/** What went wrong with a review, in words. */
export function useReviewProblems(): Record<string, string> {
  const { t } = useTranslation()
  return {
    'review-open': t('oversight.review-open'),
    'review-undecided': t('oversight.review-undecided'),
    'review-closed': t('oversight.review-closed'),
    'own-post': t('oversight.own-post'),
  }
}
