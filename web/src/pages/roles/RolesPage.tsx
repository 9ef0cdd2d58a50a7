import { Button, Stack, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { Chip } from '@/ui/Chip'
import { PageHead } from '@/ui/PageHead'
import classes from './Roles.module.css'

export function RolesPage() {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const { data } = useSuspenseQuery(contextQueries(context).roles())
  useTitle(t('roles.title'))
  const roles = data.roles.toSorted((a, b) => a.title.localeCompare(b.title))
  return (
    <Stack gap="lg">
      <PageHead
        title={t('roles.title')}
        lead={t('roles.lead')}
        actions={
          may('roles.edit') && (
            <Button
              renderRoot={(props) => <Link to="/c/$context/add-role" params={{ context }} {...props} />}
            >
              {t('roles.add')}
            </Button>
          )
        }
      />
      {roles.length === 0 ? (
        <Text c="dimmed">
          {t('roles.none')} {may('roles.edit') && t('roles.noneText')}
        </Text>
      ) : (
        <ul className={classes.list}>
          {roles.map((role) => (
            <li key={role.role_key} className={classes.item}>
              <div className={classes.words}>
                <Link
                  className={classes.name}
                  to="/c/$context/roles/$role"
                  params={{ context, role: role.role_key }}
                >
                  {role.title}
                </Link>
                <div className={classes.text}>
                  {t(`roles.tie_${role.tie ?? 'none'}`)};{' '}
                  {t('roles.allowed', { count: role.permissions.length })}
                </div>
              </div>
              {role.kind === 'portal' && <Chip>{t('people.portal')}</Chip>}
              <span className={classes.count}>{t('roles.posts', { count: role.posts })}</span>
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}
