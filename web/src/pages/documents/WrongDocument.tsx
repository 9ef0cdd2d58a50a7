import { useTranslation } from 'react-i18next'
import { STATUS_REASON, whyOf } from '@/api/documents'
import type { DocumentReference } from '@/api/fhirTypes'
import { ChangeRecord } from '@/pages/chart/ChangeRecord'
import { statusWords } from '@/texts/words'

/** A file that was filed in the wrong chart, or is not what it says: it stays, marked, with the reason. */
export function WrongDocument({
  document: it,
  name,
  onDone,
}: {
  document: DocumentReference
  name: string
  onDone(): void
}) {
  const { t } = useTranslation()
  return (
    <ChangeRecord
      type="DocumentReference"
      record={it.id}
      title={t('documents.wrongTitle', { name })}
      submit={t('documents.wrongSave')}
      begin={{ why: '' }}
      fields={[
        {
          key: 'why',
          label: t('care.why'),
          kind: 'area',
          hint: t('documents.wrongHint'),
          needed: t('care.whyNeeded'),
        },
      ]}
      build={({ why }, standing) => ({
        status: 'entered-in-error',
        extension: [
          ...(standing.extension ?? []).filter((one) => one.url !== STATUS_REASON),
          { url: STATUS_REASON, valueString: why?.trim() },
        ],
      })}
      describe={(one) => [
        [t('documents.title'), one.description ?? ''],
        [t('chart.status'), statusWords(one.status)],
        [t('care.why'), whyOf(one) ?? ''],
      ]}
      onDone={onDone}
    />
  )
}
