import { useTranslation } from 'react-i18next'
import { ApiError, hasCode } from '@/api/errors'
import { ProblemNotice } from '@/app/ProblemNotice'
import { Notice } from '@/ui/Notice'

/** The member that an answer `invalid` names: its detail is "member: what is wrong". */
export function faultyField(error: unknown): string | undefined {
  return hasCode(error, 'invalid') ? /^([a-z_]+): /.exec(error.detail)?.[1] : undefined
}

export const isStale = (error: unknown) => error instanceof ApiError && error.status === 412

/** What went wrong that no field tells. */
export function GrantProblem({ error, fields = [] }: { error: unknown; fields?: readonly string[] }) {
  const { t } = useTranslation()
  const field = faultyField(error)
  if (field && fields.includes(field)) return null
  if (error instanceof ApiError && error.status === 404) return <Notice kind="bad">{t('people.gone')}</Notice>
  if (error instanceof ApiError && error.status === 403 && !/^(step-up|context|foreign)/.test(error.code))
    return <Notice kind="bad">{t('people.beyond')}</Notice>
  return <ProblemNotice error={error} />
}
