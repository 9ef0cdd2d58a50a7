import { NativeSelect, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { type Digest, familyIn, familyQueries } from '@/api/family'
import { isConflict } from '@/api/fhir'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import classes from './Family.module.css'

const CHOICES: Digest[] = ['off', 'daily', 'weekly']

/** Whether a relative is told by mail that there is something new. What is chosen is shown at once. */
export function Mails() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const query = familyQueries(context).mails()
  const { data, error } = useQuery(query)
  const heading = useId()
  const choose = useMutation({
    mutationFn: (digest: Digest) => familyIn(context).choose(digest, data?.version ?? ''),
    onSuccess: (chosen) => cache.setQueryData(query.queryKey, chosen),
    onError: () => cache.invalidateQueries({ queryKey: query.queryKey }),
  })
  const chosen = choose.isPending ? choose.variables : data?.digest
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <h3 id={heading} className={classes.sectionTitle}>
        {t('family.mails')}
      </h3>
      <div className={classes.card}>
        <ProblemNotice error={error} />
        {chosen && (
          <NativeSelect
            className={classes.mails}
            label={t('family.mailsLabel')}
            value={chosen}
            data={CHOICES.map((value) => ({ value, label: t(`family.mails_${value}`) }))}
            onChange={(event) => {
              const digest = CHOICES.find((it) => it === event.currentTarget.value)
              if (digest && !choose.isPending) choose.mutate(digest)
            }}
          />
        )}
        <Text size="sm" c="dimmed">
          {t('family.mailsLead')}
        </Text>
        {isConflict(choose.error) ? (
          <Notice kind="warn">{t('family.mailsFaster')}</Notice>
        ) : (
          <ProblemNotice error={choose.error} />
        )}
        <span role="status" className={classes.quiet}>
          {choose.isSuccess && t('family.mailsSaved')}
        </span>
      </div>
    </section>
  )
}
