import { Anchor, Stack, Text, Title } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { personQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { Appearance } from '@/ui/Appearance'
import { LampMark } from '@/ui/LampMark'
import { Section } from '@/ui/Section'
import classes from './AccountPage.module.css'
import { ChangeEmail } from './ChangeEmail'
import { ChangePassword } from './ChangePassword'
import { Devices } from './Devices'
import { FactorList } from './FactorList'
import { RecoverySection } from './RecoverySection'

const route = getRouteApi('/signed-in/account')

export function AccountPage() {
  const { t } = useTranslation()
  const { from } = route.useSearch()
  const { data: session } = useSuspenseQuery(personQueries.session())
  useTitle(t('account.title'))
  return (
    <div className={classes.page}>
      <Stack gap="lg">
        <header className={classes.top}>
          <LampMark size={28} />
          <span>{t('common.product')}</span>
          <span className={classes.gap} />
          {from ? (
            <Anchor renderRoot={(props) => <Link to="/c/$context/" params={{ context: from }} {...props} />}>
              {t('account.backTo')}
            </Anchor>
          ) : (
            <Anchor renderRoot={(props) => <Link to="/" search={{ all: true }} {...props} />}>
              {t('common.posts')}
            </Anchor>
          )}
        </header>
        <main>
          <Stack gap="lg">
            <div>
              <Title order={1}>{t('account.title')}</Title>
              <Text c="dimmed">{t('account.lead', session.person)}</Text>
            </div>
            <FactorList />
            <RecoverySection />
            <ChangePassword email={session.person.email} />
            <ChangeEmail email={session.person.email} />
            <Devices />
            <Section title={t('common.appearance')}>
              <Appearance />
            </Section>
          </Stack>
        </main>
      </Stack>
    </div>
  )
}
