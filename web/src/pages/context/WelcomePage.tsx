import { List, Stack, Text, Title } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { permissionWords } from '@/texts/words'
import { Row, Rows, Section } from '@/ui/Section'
import { useContextId } from './useContextId'
import classes from './WelcomePage.module.css'

export function WelcomePage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(contextQueries(useContextId()).me())
  return (
    <Stack gap="xl">
      <div>
        <Title order={1}>{t('context.welcome', { name: me.person.name })}</Title>
        <Text c="dimmed" size="lg">
          {t('context.welcomeLead', { role: me.role, organization: me.organization.name })}
        </Text>
      </div>
      <div className={classes.columns}>
        <Section title={t('context.facilitiesTitle')}>
          {me.facilities.length === 0 ? (
            <Text>{t('context.facilitiesAll')}</Text>
          ) : (
            <Rows>
              {me.facilities.map((facility) => (
                <Row
                  key={facility.code}
                  title={facility.name}
                  text={t('context.timeZone', { zone: facility.time_zone.replaceAll('_', ' ') })}
                />
              ))}
            </Rows>
          )}
        </Section>
        <Section title={t('context.permissionsTitle')}>
          {me.permissions.length === 0 ? (
            <Text>{t('context.permissionsNone')}</Text>
          ) : (
            <List spacing={6}>
              {me.permissions.map((key) => (
                <List.Item key={key}>{permissionWords(key)}</List.Item>
              ))}
            </List>
          )}
        </Section>
        <Section title={t('context.signedInTitle')}>
          <Text>{t(`context.strength_${me.strength}`)}</Text>
        </Section>
      </div>
    </Stack>
  )
}
