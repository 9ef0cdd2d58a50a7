import { Button, Group, List, Loader, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { authorizations } from '@/api/auth'
import { ApiError } from '@/api/errors'
import type { Authorization } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useLeave } from '@/session/useLeave'
import { Doorway } from '@/ui/Doorway'
import { Notice } from '@/ui/Notice'
import { goTo } from './goTo'

const route = getRouteApi('/signed-in/authorize')

export function AuthorizePage() {
  const { t } = useTranslation()
  const { request = '' } = route.useSearch()
  const asked = useQuery({
    queryKey: ['person', 'authorization', request],
    queryFn: () => authorizations.read(request),
    staleTime: Number.POSITIVE_INFINITY,
  })
  useTitle(t('common.product'))
  const gone = asked.error instanceof ApiError && asked.error.status < 500 && asked.error.status !== 429
  if (gone) return <Doorway title={t('authorize.goneTitle')} lead={t('authorize.gone')} />
  if (asked.error)
    return <Doorway title={t('common.product')}>{<ProblemNotice error={asked.error} />}</Doorway>
  if (!asked.data) return <Doorway title={t('common.loading')}>{<Loader size="sm" />}</Doorway>
  return <Consent request={request} asked={asked.data} />
}

function Consent({ request, asked }: { request: string; asked: Authorization }) {
  const { t } = useTranslation()
  const { toDoor } = useLeave()
  const { client, scopes, contexts } = asked
  const [membership, setMembership] = useState(contexts.length === 1 ? String(contexts[0]?.membership) : '')
  const decide = useMutation({
    mutationFn: (approve: boolean) =>
      approve ? authorizations.approve(request, Number(membership)) : authorizations.deny(request),
    onSuccess: ({ redirect }) => goTo(redirect),
  })
  if (!asked.signed_in) {
    return (
      <Doorway title={t('signIn.title')}>
        <Button onClick={() => toDoor(true)}>{t('signIn.submit')}</Button>
      </Doorway>
    )
  }
  if (decide.isSuccess) return <Doorway title={t('authorize.leaving', { client: client.name })} announce />
  return (
    <Doorway
      title={t('authorize.title', { client: client.name })}
      lead={t('authorize.lead', { client: client.name })}
      foot={t('authorize.note', { client: client.name })}
    >
      {client.uri && <Text ff="monospace">{client.uri}</Text>}
      <div>
        <Text fw={600} mb={4}>
          {t('authorize.will')}
        </Text>
        <List spacing={4}>
          {scopes.map((scope) => (
            <List.Item key={scope.key}>{scope.text}</List.Item>
          ))}
        </List>
      </div>
      {contexts.length === 0 && <Notice kind="warn">{t('authorize.none')}</Notice>}
      {contexts.length > 0 && (
        <Radio.Group label={t('authorize.as')} value={membership} onChange={setMembership}>
          <Stack gap="xs" mt="xs">
            {contexts.map((post) => (
              <Radio
                key={post.membership}
                value={String(post.membership)}
                label={`${post.role}, ${post.organization.name}`}
                description={post.facilities.map((facility) => facility.name).join(', ')}
              />
            ))}
          </Stack>
        </Radio.Group>
      )}
      <ProblemNotice error={decide.error} />
      <Group grow>
        <Button variant="default" disabled={decide.isPending} onClick={() => decide.mutate(false)}>
          {t('authorize.deny')}
        </Button>
        <Button disabled={!membership} loading={decide.isPending} onClick={() => decide.mutate(true)}>
          {t('authorize.allow')}
        </Button>
      </Group>
    </Doorway>
  )
}
