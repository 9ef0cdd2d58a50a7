import { useTranslation } from 'react-i18next'
import { ApiError, Declined, Unreachable } from '@/api/errors'
import { PasskeyError } from '@/session/passkeys'
import { problems } from '@/texts/en/common'
import { PASSWORD_RULES } from '@/ui/NewPasswordInput'
import { Notice } from '@/ui/Notice'
import { WaitNotice } from '@/ui/WaitNotice'

type Says = Exclude<keyof typeof problems, `${'seconds' | 'minutes'}_${string}` | 'wait' | 'waitOver'>

function says(error: unknown): Says {
  if (error instanceof Unreachable) return 'unreachable'
  if (error instanceof PasskeyError) return error.says
  if (error instanceof ApiError) {
    if (Object.hasOwn(problems, error.code)) return error.code as Says
    if (error.status === 403) return 'forbidden'
  }
  return 'unknown'
}

/** What went wrong, in the person's words; nothing when nothing did. `instead` replaces the words for a code. */
export function ProblemNotice({ error, instead }: { error: unknown; instead?: Record<string, string> }) {
  const { t } = useTranslation()
  if (!error || error instanceof Declined) return null
  if (error instanceof ApiError && error.status === 429)
    return <WaitNotice key={String(error)} seconds={error.retryAfter ?? 30} />
  const own = error instanceof ApiError ? instead?.[error.code] : undefined
  return <Notice kind="bad">{own ?? t(`problems.${says(error)}`, PASSWORD_RULES)}</Notice>
}
