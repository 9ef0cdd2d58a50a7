import { Button, Stack } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { AddFacility } from './AddFacility'
import classes from './Facilities.module.css'
import { FacilityLine } from './FacilityLine'
import { Logo } from './Logo'
import { ModulesSection } from './ModulesSection'
import { OrganizationSettings } from './OrganizationSettings'

export function FacilitiesPage() {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const { data } = useSuspenseQuery(contextQueries(context).facilities())
  const { data: settings } = useSuspenseQuery(contextQueries(context).organization())
  const [adding, setAdding] = useState(false)
  const [opened, setOpened] = useState(false)
  useTitle(t('facilities.title'))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('facilities.title')}
        lead={t('facilities.lead', { organization: me.organization.name })}
        actions={
          !adding && (
            <Button
              onClick={() => {
                setAdding(true)
                setOpened(false)
              }}
            >
              {t('facilities.add')}
            </Button>
          )
        }
      />
      {opened && <Notice kind="good">{t('facilities.opened')}</Notice>}
      {adding && (
        <AddFacility
          onDone={(done) => {
            setAdding(false)
            setOpened(done)
          }}
        />
      )}
      <ul className={classes.list}>
        {data.facilities.map((facility) => (
          <FacilityLine key={facility.code} facility={facility} />
        ))}
      </ul>
      <ModulesSection />
      <Logo settings={settings} />
      <OrganizationSettings key={settings.version} settings={settings} />
    </Stack>
  )
}
