import { Anchor, Stack } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { NotFoundPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { nameOf } from '@/pages/chart/words'
import { useMe } from '@/pages/context/useContextId'
import { FindPatient } from '@/pages/patients/FindPatient'
import { PageHead } from '@/ui/PageHead'
import { Compare } from './Compare'
import { useTwo } from './useTwo'

/** Two charts of one person are compared and made one. */
export function MergePage() {
  const { may } = useMe()
  return may('patients.merge') && may('chart.write') ? <Two /> : <NotFoundPage />
}

function Two() {
  const { t } = useTranslation()
  const { context } = useMe()
  const navigate = useNavigate()
  const { one, other } = useTwo()
  useTitle(t('merges.title'))
  const params = { context, patient: one.id }
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor
            renderRoot={(props) => <Link to="/c/$context/patients/$patient" params={params} {...props} />}
          >
            ← {nameOf(one.name)}
          </Anchor>
        }
        title={t('merges.title')}
        lead={t('merges.lead')}
      />
      {other ? (
        <Compare key={`${one.id} ${other.id}`} one={one} other={other} />
      ) : (
        <FindPatient
          label={t('merges.find')}
          pick={t('merges.pick')}
          none={t('merges.none')}
          not={one.id}
          onPick={({ id }) => navigate({ to: '/c/$context/same/$patient', params, search: { as: id } })}
        />
      )}
    </Stack>
  )
}
