import { Button, Checkbox, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/errors'
import { type Plan, platform } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import form from '@/pages/people/Form.module.css'
import { moduleName } from '@/texts/modules'
import { CheckGroup } from '@/ui/CheckGroup'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { amount, cents, faultAt, money } from './faults'
import { useAbove } from './useAbove'

const blank: Plan = {
  key: '',
  version: 0,
  plan: {
    title: '',
    modules: [],
    currency: 'USD',
    base_cents: 0,
    clinician_cents: 0,
    module_cents: 0,
    on_sale: true,
  },
}

export function PlansPage() {
  const { t } = useTranslation()
  const { may } = useAbove()
  const { data } = useSuspenseQuery(platformQueries.plans())
  const [open, setOpen] = useState<Plan | null>(null)
  useTitle(t('platform.plans'))
  return (
    <Stack gap="lg" className={form.page}>
      <PageHead
        title={t('platform.plans')}
        lead={t('platform.plansLead')}
        actions={
          may('platform.plans') && <Button onClick={() => setOpen(blank)}>{t('platform.addPlan')}</Button>
        }
      />
      {data.plans.map((one) => (
        <Section
          key={one.key}
          title={one.plan.title}
          lead={`${one.key}, ${t('platform.version', { version: one.version })}`}
        >
          <Rows>
            <Row title={money(one.plan.base_cents, one.plan.currency)} text={t('platform.base')} />
            <Row
              title={money(one.plan.clinician_cents, one.plan.currency)}
              text={t('platform.perClinician')}
            />
            <Row title={money(one.plan.module_cents, one.plan.currency)} text={t('platform.perModule')} />
            <Row
              title={t('platform.modules')}
              text={one.plan.modules.map((it) => moduleName(it, t)).join(', ') || t('platform.none')}
              action={
                <Chip kind={one.plan.on_sale ? 'good' : 'plain'}>
                  {one.plan.on_sale ? t('platform.onSale') : t('platform.notOnSale')}
                </Chip>
              }
            />
          </Rows>
          {may('platform.plans') && (
            <div>
              <Button
                variant="default"
                aria-label={`${t('platform.change')}: ${one.plan.title}`}
                onClick={() => setOpen(one)}
              >
                {t('platform.change')}
              </Button>
            </div>
          )}
        </Section>
      ))}
      {open && <PlanDialog key={open.key} plan={open} modules={data.modules} onClose={() => setOpen(null)} />}
    </Stack>
  )
}

const PRICES = ['base_cents', 'clinician_cents', 'module_cents'] as const
const PRICE_WORDS = {
  base_cents: 'base',
  clinician_cents: 'perClinician',
  module_cents: 'perModule',
} as const

function PlanDialog({ plan, modules, onClose }: { plan: Plan; modules: string[]; onClose(): void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [key, setKey] = useState(plan.key)
  const [draft, setDraft] = useState(plan.plan)
  const [prices, setPrices] = useState(() => PRICES.map((it) => amount(plan.plan[it])))
  const [missing, setMissing] = useState<string | null>(null)
  const save = useMutation({
    mutationFn: () => {
      const [base_cents = 0, clinician_cents = 0, module_cents = 0] = prices.map((it) => cents(it) ?? 0)
      return platform.putPlan(key, plan.version, { ...draft, base_cents, clinician_cents, module_cents })
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: platformQueries.plans().queryKey })
      onClose()
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    const bad = prices.findIndex((it) => cents(it) === null)
    const fault = !draft.title.trim()
      ? 'title'
      : !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(key)
        ? 'key'
        : !/^[A-Z]{3}$/.test(draft.currency)
          ? 'currency'
          : bad >= 0
            ? (PRICES[bad] ?? null)
            : null
    setMissing(fault)
    if (!fault) save.mutate()
  }
  const wrong = missing ?? faultAt(save.error)
  const stale = save.error instanceof ApiError && save.error.status === 412
  return (
    <Dialog title={plan.key ? plan.plan.title : t('platform.addPlan')} onClose={onClose} wide>
      <form onSubmit={submit} noValidate>
        <Stack>
          <div className={form.two}>
            <TextInput
              label={t('platform.planTitle')}
              maxLength={100}
              value={draft.title}
              error={wrong === 'title' && t('platform.fault_title')}
              onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
            />
            <TextInput
              label={t('platform.planKey')}
              maxLength={63}
              disabled={plan.key !== ''}
              value={key}
              error={(wrong === 'key' || wrong === 'plan') && t('platform.fault_slug')}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <TextInput
              label={t('platform.currency')}
              maxLength={3}
              value={draft.currency}
              error={wrong === 'currency' && t('platform.fault_currency')}
              onChange={(event) => setDraft({ ...draft, currency: event.currentTarget.value.toUpperCase() })}
            />
            {PRICES.map((price, i) => (
              <TextInput
                key={price}
                inputMode="decimal"
                label={t(`platform.${PRICE_WORDS[price]}`)}
                value={prices[i]}
                error={(wrong === price || wrong === 'prices') && t('platform.fault_price')}
                onChange={(event) => setPrices(prices.with(i, event.currentTarget.value))}
              />
            ))}
          </div>
          <CheckGroup
            label={t('platform.modules')}
            groups={[{ checks: modules.map((it) => ({ key: it, label: moduleName(it, t) })) }]}
            value={new Set(draft.modules)}
            onChange={(next) => setDraft({ ...draft, modules: [...next] })}
          />
          <Checkbox
            label={t('platform.onSale')}
            checked={draft.on_sale}
            onChange={(event) => setDraft({ ...draft, on_sale: event.currentTarget.checked })}
          />
          {stale && <Notice kind="warn">{t('platform.stale')}</Notice>}
          {!wrong && !stale && <ProblemNotice error={save.error} />}
          <div className={form.buttons}>
            <Button type="submit" loading={save.isPending}>
              {t('platform.save')}
            </Button>
          </div>
        </Stack>
      </form>
    </Dialog>
  )
}
