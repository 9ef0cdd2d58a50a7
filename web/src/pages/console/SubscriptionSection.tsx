import { Button, NativeSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type PlatformOrganization, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { moduleName } from '@/texts/modules'
import { CheckGroup } from '@/ui/CheckGroup'
import { Notice } from '@/ui/Notice'
import { Section } from '@/ui/Section'
import classes from './Console.module.css'
import { useAbove } from './useAbove'

/** What an organization pays for, and beside it. */
export function SubscriptionSection({ one }: { one: PlatformOrganization }) {
  const { t } = useTranslation()
  const { may } = useAbove()
  const cache = useQueryClient()
  const { data } = useSuspenseQuery(platformQueries.plans())
  const [plan, setPlan] = useState(one.plan)
  const [extra, setExtra] = useState(new Set(one.extra))
  const give = useMutation({
    mutationFn: () => platform.subscribe(one.slug, plan, [...extra]),
    onSuccess: (saved) => {
      cache.setQueryData(platformQueries.organization(one.slug).queryKey, saved)
      return cache.invalidateQueries({ queryKey: platformQueries.organizations().queryKey })
    },
  })
  const fixed = !may('platform.plans')
  const chosen = data.plans.find((it) => it.key === plan)
  const within = chosen?.plan.modules ?? []
  const checks = data.modules.map((key) => ({
    key,
    label: moduleName(key, t),
    fixed: fixed || within.includes(key),
    note: within.includes(key)
      ? t('platform.inPlan')
      : one.switched_off.includes(key)
        ? t('platform.switchedOff')
        : undefined,
  }))
  const sold = data.plans.filter((it) => it.plan.on_sale || it.key === one.plan)
  return (
    <Section title={t('platform.subscription')} lead={t('platform.subscriptionLead')}>
      <Stack>
        {give.isSuccess && <Notice kind="good">{t('platform.saved')}</Notice>}
        <Text>
          {t('platform.planNow', { plan: one.plan, version: one.plan_version })}.{' '}
          {one.modules.length === 0
            ? t('platform.noneInUse')
            : t('platform.inUse', { modules: one.modules.map((it) => moduleName(it, t)).join(', ') })}
        </Text>
        <NativeSelect
          size="md"
          className={classes.narrow}
          label={t('platform.plan')}
          value={plan}
          disabled={fixed}
          data={sold.map((it) => ({ value: it.key, label: it.plan.title }))}
          onChange={(event) => setPlan(event.currentTarget.value)}
        />
        <CheckGroup
          label={t('platform.extra')}
          groups={[{ checks }]}
          value={new Set([...extra, ...within])}
          onChange={(next) => setExtra(new Set([...next].filter((key) => !within.includes(key))))}
        />
        <ProblemNotice error={give.error} />
        {!fixed && (
          <div>
            <Button loading={give.isPending} onClick={() => give.mutate()}>
              {t('platform.give')}
            </Button>
          </div>
        )}
      </Stack>
    </Section>
  )
}
