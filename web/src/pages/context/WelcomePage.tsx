import { Button, List, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { noteQueries } from '@/api/notes'
import { when } from '@/texts/when'
import { permissionWords } from '@/texts/words'
import cards from '@/ui/ChoiceCard.module.css'
import { ArrowIcon, HouseIcon, PersonIcon, SearchIcon } from '@/ui/icons'
import { Row, Rows, Section } from '@/ui/Section'
import { showsPatients } from './shows'
import { useContextId, useMe } from './useContextId'
import classes from './WelcomePage.module.css'

export function WelcomePage() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const ways = [
    showsPatients(me.permissions) && {
      to: '/c/$context/patients' as const,
      icon: <SearchIcon size={22} />,
      title: t(me.kind === 'portal' ? 'context.beginRecord' : 'context.beginChart'),
      text: t(me.kind === 'portal' ? 'context.beginOwn' : 'context.beginPatients'),
    },
    may('chart.write') && {
      to: '/c/$context/admit' as const,
      icon: <PersonIcon size={22} />,
      title: t('context.beginNew'),
      text: t('context.beginAdmit'),
    },
    may('organization.manage') && {
      to: '/c/$context/facilities' as const,
      icon: <HouseIcon size={22} />,
      title: t('context.beginHouses'),
      text: t('context.beginFacilities'),
    },
  ].filter((it) => it !== false)
  return (
    <Stack gap="xl">
      <div>
        <Title order={1}>{t('context.welcome', { name: me.person.name })}</Title>
        <Text c="dimmed" size="lg">
          {t('context.welcomeLead', { role: me.role, organization: me.organization.name })}
        </Text>
      </div>
      {ways.length > 0 && (
        <nav aria-label={t('context.begin')}>
          <ul className={classes.ways}>
            {ways.map((it) => (
              <li key={it.to}>
                <Link to={it.to} params={{ context }} className={cards.card}>
                  <span className={cards.icon}>{it.icon}</span>
                  <span className={cards.words}>
                    <span className={cards.title}>{it.title}</span>
                    <span className={cards.text}>{it.text}</span>
                  </span>
                  <ArrowIcon />
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      )}
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
