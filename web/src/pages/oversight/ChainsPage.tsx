import { SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { matcher } from '@/pages/people/tree'
import { usePlace } from '@/pages/people/usePlace'
import { PageHead } from '@/ui/PageHead'
import { ChainPicture } from './ChainPicture'
import { ChainTable } from './ChainTable'
import classes from './Oversight.module.css'

/** Who gave whom their access: as a picture, and as a table. */
export function ChainsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { place } = usePlace()
  const { data, error } = useQuery(contextQueries(context).people())
  const [view, setView] = useState('picture')
  const [typed, setTyped] = useState('')
  useTitle(t('oversight.chainsTitle'))
  const living = (data?.people ?? []).filter((it) => it.state !== 'ended')
  const fits = matcher(typed, place)
  return (
    <Stack gap="lg">
      <PageHead title={t('oversight.chainsTitle')} lead={t('oversight.chainsLead')} />
      <ProblemNotice error={error} />
      <search className={classes.tools}>
        <TextInput
          type="search"
          size="md"
          label={t('people.search')}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <SegmentedControl
          size="md"
          aria-label={t('people.view')}
          transitionDuration={0}
          value={view}
          onChange={setView}
          data={[
            { value: 'picture', label: t('oversight.chainsPicture') },
            { value: 'table', label: t('oversight.chainsTable') },
          ]}
        />
      </search>
      {!data && !error && <Text role="status">{t('oversight.loading')}</Text>}
      {data &&
        (view === 'picture' ? (
          <ChainPicture members={living} found={typed.trim() ? fits : undefined} />
        ) : (
          <ChainTable members={living} found={fits} />
        ))}
    </Stack>
  )
}
