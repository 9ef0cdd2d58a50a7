import { Stack } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Health } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { platform as words } from '@/texts/en/platform'
import { when } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import classes from './Console.module.css'
import { LookAgain } from './LookAgain'

const CHIPS = { ok: 'good', warn: 'warn', bad: 'bad' } as const

type Check = Health['checks'][number]

/** A duration or a count as it is said. */
function measured(value: number, unit: string): string {
  const say = (amount: number, of: 'day' | 'hour' | 'minute' | 'second' | 'millisecond' | 'month') =>
    new Intl.NumberFormat('en', {
      style: 'unit',
      unit: of,
      unitDisplay: 'long',
      maximumFractionDigits: 1,
    }).format(amount)
  if (unit === 'ms') return value < 1000 ? say(value, 'millisecond') : say(value / 1000, 'second')
  if (unit === 'months') return say(value, 'month')
  if (unit !== 'seconds') return String(value)
  if (value < 120) return say(value, 'second')
  if (value < 7200) return say(value / 60, 'minute')
  return value < 172_800 ? say(value / 3600, 'hour') : say(value / 86_400, 'day')
}

export function HealthPage() {
  const { t } = useTranslation()
  const query = platformQueries.health()
  const { data: health } = useSuspenseQuery(query)
  useTitle(t('platform.health'))
  return (
    <Stack gap="lg">
      <PageHead
        title={
          <>
            {t('platform.health')}{' '}
            <Chip kind={CHIPS[health.state]}>{t(`platform.state_${health.state}`)}</Chip>
          </>
        }
        lead={t('platform.healthLead', {
          version: health.version,
          since: when(health.since),
          database: health.database_version,
        })}
        actions={<LookAgain of={query.queryKey} />}
      />
      <Section title={t('platform.health')}>
        <Rows>
          {health.checks.map((check) => (
            <Row
              key={check.key}
              title={<CheckName name={check.key} />}
              text={<Threshold check={check} />}
              action={<Chip kind={CHIPS[check.state]}>{t(`platform.state_${check.state}`)}</Chip>}
            />
          ))}
        </Rows>
      </Section>
      <Pools pools={health.pools} />
      <Section title={t('platform.doctor')}>
        {health.doctor.findings.length === 0 ? (
          <Notice kind="good">
            {t('platform.doctorClean', {
              count: health.doctor.checks,
              when: when(health.doctor.checked_at),
            })}
          </Notice>
        ) : (
          health.doctor.findings.map((it) => (
            <Notice key={it.check} kind="bad">
              {it.check}: {it.finds} ({it.offenders})
            </Notice>
          ))
        )}
      </Section>
    </Stack>
  )
}

function CheckName({ name }: { name: string }) {
  const key = `check_${name}`
  return <>{Object.hasOwn(words, key) ? words[key as keyof typeof words] : name}</>
}

function Threshold({ check }: { check: Check }) {
  const { t } = useTranslation()
  const value = check.value === null || check.value === undefined ? null : measured(check.value, check.unit)
  const limits = { warn: measured(check.warn, check.unit), bad: measured(check.bad, check.unit) }
  const says = check.less_is_worse ? t('platform.thresholdLess', limits) : t('platform.threshold', limits)
  return (
    <>
      {value ?? t('platform.nothing')} ({says})
    </>
  )
}

function Pools({ pools }: { pools: Health['pools'] }) {
  const { t } = useTranslation()
  const name = (key: string) =>
    key === 'requests' || key === 'audit' || key === 'keys' || key === 'plane'
      ? t(`platform.pool_${key}`)
      : key
  return (
    <Section title={t('platform.pools')}>
      <div className={classes.scroll}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th>{t('platform.pool')}</th>
              <th data-number>{t('platform.most')}</th>
              <th data-number>{t('platform.open')}</th>
              <th data-number>{t('platform.used')}</th>
              <th data-number>{t('platform.waitingFor')}</th>
            </tr>
          </thead>
          <tbody>
            {pools.map((it) => (
              <tr key={it.name}>
                <th scope="row">{name(it.name)}</th>
                <td data-number>{it.most}</td>
                <td data-number>{it.open}</td>
                <td data-number>{it.in_use}</td>
                <td data-number>{it.waiting}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
