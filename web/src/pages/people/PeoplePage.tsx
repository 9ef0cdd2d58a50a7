import { Button, Checkbox, SegmentedControl, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import type { Member } from '@/api/types'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './PeoplePage.module.css'
import { PeopleTree } from './PeopleTree'
import { PersonLine } from './PersonLine'
import { matcher } from './tree'
import { usePlace } from './usePlace'

const STEP = 100
const route = getRouteApi('/signed-in/c/$context/people/people')

export function PeoplePage() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const { place } = usePlace()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const { data } = useSuspenseQuery(contextQueries(context).people())
  const [typed, setTyped] = useState('')
  const [withEnded, setWithEnded] = useState(false)
  const [most, setMost] = useState(STEP)
  useTitle(t('people.title'))

  const ended = data.people.filter((it) => it.state === 'ended').length
  const { code } = useChosenFacility()
  const typedFor = matcher(typed, place)
  const matches = (it: Member) => typedFor(it) && (code === '' || it.effective.facilities.includes(code))
  const standing = data.people.filter((it) => withEnded || it.state !== 'ended')
  const found = standing.filter(matches)
  return (
    <Stack gap="lg">
      <PageHead
        title={t('people.title')}
        lead={t('people.lead', {
          count: data.people.length - ended,
          organization: me.organization.name,
        })}
        actions={
          may('people.invite') && (
            <Button
              renderRoot={(props) => <Link to="/c/$context/people/invite" params={{ context }} {...props} />}
            >
              {t('people.invite')}
            </Button>
          )
        }
      />
      <search className={classes.tools}>
        <TextInput
          className={classes.search}
          type="search"
          label={t('people.search')}
          autoComplete="off"
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            setMost(STEP)
          }}
        />
        <SegmentedControl
          className={classes.view}
          size="md"
          aria-label={t('people.view')}
          transitionDuration={0}
          value={view ?? 'list'}
          onChange={(value) => navigate({ search: value === 'tree' ? { view: 'tree' } : {}, replace: true })}
          data={[
            { value: 'list', label: t('people.viewList') },
            { value: 'tree', label: t('people.viewTree') },
          ]}
        />
      </search>
      {ended > 0 && (
        <Checkbox
          label={t('people.showEnded', { count: ended })}
          checked={withEnded}
          onChange={(event) => setWithEnded(event.currentTarget.checked)}
        />
      )}
      <VisuallyHidden role="status">{typed && t('people.shown', { count: found.length })}</VisuallyHidden>
      {found.length === 0 ? (
        <Text c="dimmed">{t('people.noneFound')}</Text>
      ) : view === 'tree' ? (
        <PeopleTree members={standing} wanted={matches} searching={typed.trim() !== '' || code !== ''} />
      ) : (
        <ul className={classes.list}>
          {found.slice(0, most).map((member) => (
            <li key={member.membership} className={classes.item}>
              <PersonLine member={member} />
            </li>
          ))}
        </ul>
      )}
      {view !== 'tree' && found.length > most && (
        <div>
          <Button variant="default" size="sm" onClick={() => setMost(most + STEP)}>
            {t('people.more')}
          </Button>
        </div>
      )}
      {data.people.length === 1 && (
        <Notice kind="info">{may('people.invite') ? t('people.alone') : t('people.aloneReading')}</Notice>
      )}
    </Stack>
  )
}
