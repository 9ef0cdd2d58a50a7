import { Anchor, Button, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { shiftIn, shiftQueries } from '@/api/shift'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import '@/pages/shift/texts'
import { atMoment, onDay } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import classes from './Shift.module.css'

/** What one shift told the next. */
export function HandoverPage() {
  const { t } = useTranslation()
  const { context, me } = useMe()
  const { handover: id } = useParams({ from: '/signed-in/c/$context/shifts/handovers/$handover' })
  const cache = useQueryClient()
  const { data, error } = useQuery(shiftQueries(context).handover(id))
  const receive = useMutation({
    mutationFn: () => shiftIn(context).receive(id),
    onSettled: () => cache.invalidateQueries({ queryKey: shiftQueries(context).all }),
  })
  const handover = data?.handover
  const zone = me.facilities.find((it) => it.code === handover?.facility)?.time_zone ?? 'UTC'
  const title = handover
    ? t('handovers.of', {
        name: t(`shift.name_${handover.shift.name}`),
        day: onDay(handover.shift.from, zone),
      })
    : t('handovers.title')
  useTitle(title)
  return (
    <Stack gap="lg">
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/handovers" params={{ context }} {...props} />}>
            ← {t('handovers.back')}
          </Anchor>
        }
        title={title}
        lead={handover && t('handovers.by', { by: handover.by, at: atMoment(handover.signed_at, zone) })}
      />
      <ProblemNotice error={error} />
      {!data && !error && <Busy label={t('handovers.loading')} />}
      {handover?.received_at && (
        <Notice kind="good">
          {t('handovers.received', {
            by: handover.received_by ?? '',
            at: atMoment(handover.received_at, zone),
          })}
        </Notice>
      )}
      {data && (
        <ul className={classes.list}>
          {data.residents.map((it) => (
            <li key={it.patient} className={classes.card}>
              <h2 className={classes.name}>
                <Anchor
                  inherit
                  renderRoot={(props) => (
                    <Link
                      to="/c/$context/patients/$patient"
                      params={{ context, patient: it.patient }}
                      {...props}
                    />
                  )}
                >
                  {it.name || t('chart.nameless')}
                </Anchor>
              </h2>
              <ul className={classes.lines}>
                {it.lines.map((line) => (
                  <li key={`${line.kind} ${line.text}`}>
                    <strong>{t(`handovers.kind_${line.kind}`)}</strong> {line.text}
                  </li>
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
      {handover && !handover.received_at && (
        <section className={classes.card} aria-label={t('handovers.receive')}>
          <Text>{t(handover.own ? 'handovers.ownLead' : 'handovers.receiveLead')}</Text>
          <ProblemNotice
            error={receive.error}
            instead={{
              'already-received': t('handovers.already-received'),
              'own-handover': t('handovers.own-handover'),
            }}
          />
          {!handover.own && (
            <div>
              <Button loading={receive.isPending} onClick={() => receive.mutate()}>
                {t('handovers.receive')}
              </Button>
            </div>
          )}
        </section>
      )}
    </Stack>
  )
}
