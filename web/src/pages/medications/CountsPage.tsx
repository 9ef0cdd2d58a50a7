import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { medicationQueries, type Sheet } from '@/api/medications'
import { Pending } from '@/app/ErrorPages'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { atMoment } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import lines from '@/ui/Lines.module.css'
import { PageHead } from '@/ui/PageHead'
import './texts'
import { ChooseHouse } from './ChooseHouse'
import classes from './Counts.module.css'
import { amountOf, signed } from './doses'
import { OpenSheet } from './OpenSheet'
import { useHouseZone } from './useHouseZone'
import { Views } from './Views'

/** What is controlled, place by place: how much there is, and what is to be looked after. */
export function CountsPage() {
  const { t } = useTranslation()
  const { context } = useMe()
  const { code, choices } = useChosenFacility()
  const unchosen = choices.length > 1 && code === ''
  const counts = useQuery({ ...medicationQueries(context).counts(code), enabled: !unchosen })
  const [opens, setOpens] = useState(false)
  useTitle(t('medications.counts'))
  if (counts.isLoading) return <Pending />
  const sheets = counts.data?.toSorted(byUrgency)
  return (
    <Stack gap="lg">
      <PageHead
        title={t('medications.counts')}
        lead={t('medications.countsLead')}
        actions={
          <>
            <Views />
            {sheets && (
              <Button size="md" onClick={() => setOpens(true)}>
                {t('medications.sheetNew')}
              </Button>
            )}
          </>
        }
      />
      {unchosen && <ChooseHouse />}
      {!sheets && <ProblemNotice error={counts.error} />}
      {sheets?.length === 0 && <div className={classes.nothing}>{t('medications.countsNone')}</div>}
      {sheets && sheets.length > 0 && (
        <ul className={lines.list} aria-label={t('medications.counts')}>
          {sheets.map((it) => (
            <li key={it.stock} className={lines.item}>
              <SheetLine sheet={it} />
            </li>
          ))}
        </ul>
      )}
      {opens && <OpenSheet onClose={() => setOpens(false)} />}
    </Stack>
  )
}

/** What differs and what waits comes first, the rest by name and place. */
const byUrgency = (a: Sheet, b: Sheet) =>
  Number(b.difference != null) - Number(a.difference != null) ||
  Number(b.waiting > 0) - Number(a.waiting > 0) ||
  a.medication.localeCompare(b.medication) ||
  a.place.localeCompare(b.place)

function SheetLine({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation()
  const { context } = useMe()
  const zone = useHouseZone()
  return (
    <div className={`${lines.line} ${classes.line}`}>
      <div className={lines.words}>
        <Link
          className={lines.name}
          to="/c/$context/medications/counts/$stock"
          params={{ context, stock: sheet.stock }}
        >
          {sheet.medication}
        </Link>
        <div className={lines.quiet}>{sheet.place}</div>
        <Marks sheet={sheet} />
      </div>
      <div className={classes.onHand}>
        {t('medications.onHand', { amount: amountOf(sheet.on_hand), unit: sheet.unit })}
        <Text size="sm" c="dimmed">
          {sheet.counted_at
            ? t('medications.countedLast', { when: atMoment(sheet.counted_at, zone) })
            : t('medications.countedNever')}
        </Text>
      </div>
    </div>
  )
}

/** What is to be known of a sheet at a glance. */
export function Marks({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation()
  return (
    <span className={classes.marks}>
      {sheet.difference != null && (
        <Chip kind="bad">
          {t('medications.differs', {
            amount: signed(sheet.difference),
          })}
        </Chip>
      )}
      {sheet.waiting > 0 && <Chip kind="warn">{t('medications.waiting', { count: sheet.waiting })}</Chip>}
      {sheet.witness_to_give && <Chip>{t('medications.witnessToGive')}</Chip>}
    </span>
  )
}
