import { Button, FileButton, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { OrganizationView } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import form from '@/pages/people/Form.module.css'
import { GrantProblem, isStale } from '@/pages/people/faults'
import { Notice } from '@/ui/Notice'
import { pngOf } from '@/ui/png'
import classes from './Facilities.module.css'
import { logoOf, NoPicture } from './logoFile'

/** The picture by which people know where they are. */
export function Logo({ settings }: { settings: OrganizationView }) {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const cache = useQueryClient()
  const { data } = useQuery({ ...contextQueries(context).branding(me.logo), enabled: me.logo !== null })
  const source = me.logo === null ? undefined : pngOf(data?.logo)
  const change = useMutation({
    mutationFn: async (file: File | null) =>
      inContext(context).changeLogo(settings.version, file && (await logoOf(file))),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: contextQueries(context).me().queryKey }),
        cache.invalidateQueries({ queryKey: contextQueries(context).organization().queryKey }),
        cache.invalidateQueries({ queryKey: ['branding'] }),
      ]),
  })
  return (
    <section className={form.panel} aria-labelledby="logo">
      <Title order={2} size="h3" id="logo">
        {t('facilities.logo')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('facilities.logoHint')}
      </Text>
      {source ? (
        <img className={classes.logo} src={source} alt={t('facilities.logoNow')} />
      ) : (
        <Text>{t('facilities.logoNone')}</Text>
      )}
      {isStale(change.error) ? (
        <Notice kind="warn">{t('facilities.stale')}</Notice>
      ) : change.error instanceof NoPicture ? (
        <Notice kind="bad">{t('facilities.logoUnreadable')}</Notice>
      ) : (
        <GrantProblem error={change.error} />
      )}
      <div className={form.buttons}>
        <FileButton
          accept="image/png,image/jpeg,image/webp,image/svg+xml"
          onChange={(file) => file && change.mutate(file)}
        >
          {(props) => (
            <Button variant="default" loading={change.isPending} {...props}>
              {t('facilities.logoPick')}
            </Button>
          )}
        </FileButton>
        {source && (
          <Button variant="default" disabled={change.isPending} onClick={() => change.mutate(null)}>
            {t('facilities.logoAway')}
          </Button>
        )}
      </div>
    </section>
  )
}
