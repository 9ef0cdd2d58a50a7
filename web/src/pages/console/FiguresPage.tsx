import { Stack } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { FigureCounts, PeopleCount } from '@/api/platform'
import { platformQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { when } from '@/texts/when'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import classes from './Console.module.css'
import { kindWords } from './OrganizationsPage'

export function FiguresPage() {
  const { t } = useTranslation()
  const { data: figures } = useSuspenseQuery(platformQueries.figures())
  useTitle(t('platform.figures'))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('platform.figures')}
        lead={t('platform.figuresLead', { when: when(figures.counted_at) })}
      />
      <Section title={t('platform.byKind')}>
        <Table
          first={t('platform.kind')}
          rows={[
            ...figures.kinds.map((it) => ({
              key: it.kind,
              name: `${kindWords(it.kind)} (${it.organizations})`,
              counts: it.counts,
            })),
            {
              key: '',
              name: `${t('platform.everything')} (${figures.organizations.length})`,
              counts: figures.total,
            },
          ]}
        />
      </Section>
      <Section title={t('platform.byOrganization')}>
        <Table
          first={t('platform.organization')}
          rows={figures.organizations.map((it) => ({
            key: it.organization,
            name: it.organization,
            counts: it.counts,
          }))}
        />
      </Section>
    </Stack>
  )
}

interface Line {
  key: string
  name: string
  counts: FigureCounts
}

function Table({ first, rows }: { first: string; rows: Line[] }) {
  const { t } = useTranslation()
  const number = (value: number) => value.toLocaleString('en')
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{first}</th>
            <th data-number>{t('platform.live')}</th>
            <th data-number>{t('platform.pilot')}</th>
            <th data-number>{t('platform.preparing')}</th>
            <th data-number>{t('platform.staff')}</th>
            <th data-number>{t('platform.patients')}</th>
            {rows[0]?.counts.portals.map((it) => (
              <th key={it.tie} data-number>
                {t(`platform.portal_${it.tie as 'family'}`)}
              </th>
            ))}
            <th data-number>{t('platform.records')}</th>
            <th data-number>{t('platform.events')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, counts }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td data-number>{number(counts.facilities.live)}</td>
              <td data-number>{number(counts.facilities.pilot)}</td>
              <td data-number>{number(counts.facilities.preparing)}</td>
              <td data-number>{number(counts.staff)}</td>
              <td data-number>
                <People of={counts.patients} />
              </td>
              {counts.portals.map((it) => (
                <td key={it.tie} data-number>
                  <People of={it.posts} />
                </td>
              ))}
              <td data-number>{number(counts.records)}</td>
              <td data-number>{number(counts.events)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function People({ of: { count, few } }: { of: PeopleCount }) {
  const { t } = useTranslation()
  if (typeof count !== 'number') return few ? t('platform.few') : '0'
  const said = count.toLocaleString('en')
  return few ? t('platform.fewAnd', { count: said as unknown as number }) : said
}
