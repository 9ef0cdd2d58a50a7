import { Anchor, Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import '@/pages/shift/texts'
import { drafts } from '@/session/drafts'
import { atMoment, onDay } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Row, Rows, Section } from '@/ui/Section'
import { PlaceSelect } from './PlaceSelect'
import { useLive } from './useLive'
import { usePlace } from './usePlace'
import { WriteHandover } from './WriteHandover'

/** What was handed over, and writing the next. */
export function HandoversPage() {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const place = usePlace()
  const form = `${me.organization.slug}/${me.membership}/${place.code}/handover`
  const [writing, setWriting] = useState(() => drafts.has(form))
  const [signed, setSigned] = useState(false)
  const news = useRef<HTMLDivElement>(null)
  const { data, error } = useQuery({
    ...shiftQueries(context).handovers(place.code),
    enabled: place.code !== '',
  })
  useTitle(t('handovers.title'))
  useLive()
  useEffect(() => {
    if (signed) news.current?.focus()
  }, [signed])
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/shift" params={{ context }} {...props} />}>
            ← {t('shift.backToShift')}
          </Anchor>
        }
        title={t('handovers.title')}
        lead={t('handovers.lead')}
        actions={
          !writing && (
            <Button
              onClick={() => {
                setSigned(false)
                setWriting(true)
              }}
            >
              {t('handovers.write')}
            </Button>
          )
        }
      />
      <PlaceSelect />
      <div ref={news} tabIndex={-1}>
        {signed && <Notice kind="good">{t('handovers.signed')}</Notice>}
      </div>
      {writing && place.code !== '' && (
        <WriteHandover
          key={place.code}
          facility={place.code}
          form={form}
          onClose={() => setWriting(false)}
          onSigned={() => {
            setWriting(false)
            setSigned(true)
          }}
        />
      )}
      <Section title={t('handovers.list')}>
        <ProblemNotice error={error} />
        {!data && !error && <Busy label={t('handovers.loading')} />}
        {data?.length === 0 && <Text>{t('handovers.none')}</Text>}
        {data && data.length > 0 && (
          <Rows>
            {data.map((it) => {
              const what = t('handovers.of', {
                name: t(`shift.name_${it.shift.name}`),
                day: onDay(it.shift.from, place.zone),
              })
              return (
                <Row
                  key={it.handover}
                  title={
                    <>
                      {what} {!it.received_at && <Chip kind="warn">{t('handovers.unread')}</Chip>}
                    </>
                  }
                  text={t('handovers.by', { by: it.by, at: atMoment(it.signed_at, place.zone) })}
                  action={
                    <Button
                      size="sm"
                      variant="default"
                      aria-label={t('handovers.openOf', { what })}
                      renderRoot={(props) => (
                        <Link
                          to="/c/$context/handovers/$handover"
                          params={{ context, handover: it.handover }}
                          {...props}
                        />
                      )}
                    >
                      {t('handovers.open')}
                    </Button>
                  }
                />
              )
            })}
          </Rows>
        )}
      </Section>
    </Stack>
  )
}
