import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import type { Post } from '@/api/types'
import { useContextId } from '@/pages/context/useContextId'
import { Trial } from './Trial'

interface Props {
  post: Post
  onEnded(): Promise<void>
  onCancel(): void
}

export function EndPost({ post, onEnded, onCancel }: Props) {
  const { t } = useTranslation()
  const context = useContextId()
  return (
    <Trial
      title={t('people.endTitle', { name: post.name })}
      lead={t('people.endText', { name: post.name })}
      question={{ membership: post.membership, end: true }}
      save={t('people.endConfirm')}
      danger
      act={() => inContext(context).endPost(post.membership)}
      onDone={onEnded}
      onCancel={onCancel}
    />
  )
}
