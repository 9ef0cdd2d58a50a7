import { Button, List, Stack, Text, Title } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { noteQueries } from '@/api/notes'
import { contextQueries } from '@/api/queries'
import { when } from '@/texts/when'
import { permissionWords } from '@/texts/words'
import { Row, Rows, Section } from '@/ui/Section'
import { showsPatients } from './shows'
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
      {me.permissions.includes('notes.write') && showsPatients(me.permissions) && <Unfinished />}
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

/** The notes that one has begun and not signed, whoever they are about. */
function Unfinished() {
  const { t } = useTranslation()
  const context = useContextId()
  const { data = [] } = useQuery(noteQueries(context).ownDrafts())
  if (data.length === 0) return null
  return (
    <Section title={t('notes.own')}>
      <Rows>
        {data.map((it) => (
          <Row
            key={it.id}
            title={`${it.title} · ${it.patient.name || t('chart.nameless')}`}
            text={t('notes.pickContinue', { when: when(it.saved_at) })}
            action={
              <Button
                size="sm"
                variant="default"
                aria-label={t('notes.continueOf', {
                  title: it.title,
                  name: it.patient.name || t('chart.nameless'),
                })}
                renderRoot={(props) => (
                  <Link
                    to="/c/$context/patients/$patient/notes/drafts/$draft"
                    params={{ context, patient: it.patient.id, draft: it.id }}
                    {...props}
                  />
                )}
              >
                {t('notes.continue')}
              </Button>
            }
          />
        ))}
      </Rows>
    </Section>
  )
}
