import { Button, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ERASURES, type Erasure, erasing } from '@/api/erasures'
import { useMe } from '@/pages/context/useContextId'
import { when, whenExactly } from '@/texts/when'
import { Chip } from '@/ui/Chip'
import { Notice } from '@/ui/Notice'
import { Row, Rows, Section } from '@/ui/Section'
import type { Deed } from './Confirm'
import classes from './Erasures.module.css'
import type { PartProps } from './KeepingPanel'

const OPEN = ['asked', 'approved', 'erasing']
const KINDS = {
  asked: 'warn',
  approved: 'bad',
  erasing: 'bad',
  done: 'plain',
  refused: 'plain',
  withdrawn: 'plain',
  stopped: 'plain',
} as const

/** The end of a record: what stands in its way, asking for it, deciding, and taking it back. */
export function ErasureSection({ keeping, patient, name, begin, refresh, onOpened }: PartProps) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const open = keeping.erasures.filter((it) => OPEN.includes(it.state))
  const past = keeping.erasures.filter((it) => !OPEN.includes(it.state))
  const ask: Deed = {
    title: t('erasures.eraseAsk'),
    lines: [
      t('erasures.eraseNobody'),
      t('erasures.eraseGoes'),
      t('erasures.eraseStays'),
      keeping.erasure_days === 0
        ? t('erasures.eraseThen_zero')
        : t('erasures.eraseThen', { count: keeping.erasure_days }),
      t('erasures.eraseRather'),
    ],
    choice: {
      label: t('erasures.eraseWhy'),
      options: ERASURES.map((value) => ({ value, label: t(`erasures.erasure_${value}`) })),
    },
    typed: name || t('erasures.typeWord'),
    final: true,
    submit: t('erasures.eraseNow'),
    act: (ground) => erasing(context).ask(patient, ground as (typeof ERASURES)[number]),
    done: refresh,
  }
  const opens = may('records.erase') && open.length === 0 && !keeping.erased_at
  return (
    <Section title={t('erasures.eraseTitle')} lead={t('erasures.eraseLead')}>
      <Stack gap="md">
        {keeping.erased_at && (
          <Text fw={600}>{t('erasures.erasedSince', { when: whenExactly(keeping.erased_at) })}</Text>
        )}
        {open.length > 0 && (
          <Rows>
            {open.map((it) => (
              <OpenErasure
                key={it.erasure}
                erasure={it}
                name={name}
                begin={begin}
                done={(restricted) => {
                  refresh()
                  onOpened(restricted)
                }}
              />
            ))}
          </Rows>
        )}
        {open.length === 0 && keeping.in_the_way.length > 0 && (
          <Notice kind="info">
            <strong>{t('erasures.inTheWay')}</strong>
            <ul className={classes.ways}>
              {keeping.in_the_way.map((it) => (
                <li key={it}>
                  {t(`erasures.way_${it}`, { when: keeping.kept_until ? when(keeping.kept_until) : '' })}
                </li>
              ))}
            </ul>
          </Notice>
        )}
        {opens && keeping.in_the_way.length === 0 && (
          <div>
            <Button variant="outline" color="red" onClick={() => begin(ask)}>
              {t('erasures.eraseDo')}
            </Button>
          </div>
        )}
        {past.length > 0 && (
          <div>
            <Text fw={600}>{t('erasures.past')}</Text>
            <Rows>
              {past.map((it) => (
                <Row key={it.erasure} title={<State erasure={it} />} text={<Story erasure={it} />} />
              ))}
            </Rows>
          </div>
        )}
      </Stack>
    </Section>
  )
}

export function State({ erasure }: { erasure: Erasure }) {
  const { t } = useTranslation()
  return <Chip kind={KINDS[erasure.state]}>{t(`erasures.state_${erasure.state}`)}</Chip>
}

/** Who asked and who decided, and when it is or was done. */
export function Story({ erasure }: { erasure: Erasure }) {
  const { t } = useTranslation()
  const who = (name: string | null) => name || t('erasures.somebody')
  const lines = [
    t(`erasures.erasure_${erasure.ground}`),
    erasure.ground !== 'ledger' &&
      t('erasures.askedBy', { when: when(erasure.asked_at), who: who(erasure.asked_by) }),
    erasure.decided_at &&
      t('erasures.decidedBy', { when: when(erasure.decided_at), who: who(erasure.decided_by) }),
    erasure.due_at && !erasure.ended_at && t('erasures.due', { when: whenExactly(erasure.due_at) }),
    erasure.ended_at && t('erasures.over', { when: when(erasure.ended_at) }),
  ].filter((it) => typeof it === 'string')
  return (
    <ul className={classes.story}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

interface OpenProps {
  erasure: Erasure
  name?: string
  begin(deed: Deed): void
  /** Whether the record is restricted since. */
  done(restricted: boolean): void
}

function OpenErasure({ erasure, name, begin, done }: OpenProps) {
  const { t } = useTranslation()
  const { context, may } = useMe()
  const approve: Deed = {
    title: t('erasures.approveAsk'),
    lines: [t('erasures.eraseNobody'), t('erasures.eraseGoes'), t('erasures.eraseStays')],
    typed: name || t('erasures.typeWord'),
    final: true,
    submit: t('erasures.approveNow'),
    act: () => erasing(context).decide(erasure.erasure, true),
    done: () => done(true),
  }
  const refuse: Deed = {
    title: t('erasures.refuseAsk'),
    lines: [t('erasures.refuseWhat')],
    submit: t('erasures.refuseNow'),
    act: () => erasing(context).decide(erasure.erasure, false),
    done: () => done(false),
  }
  const withdraw: Deed = {
    title: t('erasures.withdrawAsk'),
    lines: [t('erasures.withdrawWhat')],
    submit: t('erasures.withdrawNow'),
    act: () => erasing(context).withdraw(erasure.erasure),
    done: () => done(false),
  }
  const decides = erasure.state === 'asked' && may('records.approve') && !erasure.own
  return (
    <Row
      title={<State erasure={erasure} />}
      text={
        <>
          <Story erasure={erasure} />
          {erasure.state === 'asked' && !decides && (
            <Text size="sm">{t(erasure.own ? 'erasures.own' : 'erasures.needsApprover')}</Text>
          )}
          <div className={classes.acts}>
            {decides && (
              <>
                <Button color="red" onClick={() => begin(approve)}>
                  {t('erasures.approveDo')}
                </Button>
                <Button variant="default" onClick={() => begin(refuse)}>
                  {t('erasures.refuseDo')}
                </Button>
              </>
            )}
            {erasure.state !== 'erasing' && may('records.erase') && (
              <Button variant="default" onClick={() => begin(withdraw)}>
                {t('erasures.withdrawDo')}
              </Button>
            )}
          </div>
        </>
      }
    />
  )
}
