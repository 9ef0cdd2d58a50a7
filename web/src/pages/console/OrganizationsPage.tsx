import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { platformQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import list from '@/pages/roles/Roles.module.css'
import { platform as words } from '@/texts/en/platform'
import { PageHead } from '@/ui/PageHead'
import classes from './Console.module.css'
import { useAbove } from './useAbove'

export function OrganizationsPage() {
  const { t } = useTranslation()
  const { may } = useAbove()
  const { data: all } = useSuspenseQuery(platformQueries.organizations())
  const [search, setSearch] = useState('')
  useTitle(t('platform.organizations'))
  const wanted = search.trim().toLowerCase()
  const shown = all.filter((it) => `${it.settings.name} ${it.slug}`.toLowerCase().includes(wanted))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('platform.organizations')}
        lead={t('platform.organizationsLead', { count: all.length })}
        actions={
          may('platform.organizations') && (
            <Button renderRoot={(props) => <Link to="/console/create" {...props} />}>
              {t('platform.create')}
            </Button>
          )
        }
      />
      <TextInput
        className={classes.narrow}
        label={t('platform.search')}
        type="search"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {shown.length === 0 ? (
        <Text c="dimmed">{all.length === 0 ? t('platform.none') : t('platform.noMatch')}</Text>
      ) : (
        <ul className={list.list}>
          {shown.map((it) => (
            <li key={it.slug} className={list.item}>
              <div className={list.words}>
                <Link className={list.name} to="/console/organizations/$slug" params={{ slug: it.slug }}>
                  {it.settings.name}
                </Link>
                <div className={list.text}>
                  {it.slug}, {kindWords(it.kind)}
                </div>
              </div>
              <span className={list.text}>
                {t('platform.planNow', { plan: it.plan, version: it.plan_version })}
              </span>
              <span className={list.count}>{t('platform.sites', { count: it.facilities.length })}</span>
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}

/** What kind of care it gives; one that this app does not know by its key. */
export function kindWords(kind: string): string {
  const key = `kit_${kind}`
  return Object.hasOwn(words, key) ? words[key as keyof typeof words] : kind
}
