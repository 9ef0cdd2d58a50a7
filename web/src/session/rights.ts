import type { Me } from '@/api/types'

/** Whether there is a page of who looked at a record: of their own for a patient, of anybody's for who reads the log. */
export const seesAccesses = ({ kind, permissions }: Pick<Me, 'kind' | 'permissions'>): boolean =>
  permissions.includes('audit.report') || (kind === 'portal' && permissions.includes('audit.own'))
