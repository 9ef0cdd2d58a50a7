import { Button, NativeSelect, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import { oversightQueries, type Period, takenFrom } from '@/api/oversight'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useTitle } from '@/app/useTitle'
import { useMe } from '@/pages/context/useContextId'
import { useChosenFacility } from '@/pages/context/useFacility'
import { whenExactly } from '@/texts/when'
import { Busy } from '@/ui/Busy'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { Section } from '@/ui/Section'
import { FiguresTable } from './FiguresTable'
import { dayIn, PLOTS, seriesOf } from './figures'
import { NowTiles } from './NowTiles'
import classes from './Oversight.module.css'
import { Plot } from './Plot'
import { save } from './save'
import { Tiles } from './Tiles'

const PERIODS = [7, 28, 91] as const

/** Figures of the houses of a post. */
export function FiguresPage() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const { choices, code, choose } = useChosenFacility()
  const [days, setDays] = useState<number>(28)
  const [taking, setTaking] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  useTitle(t('oversight.figuresTitle'))
  const zone = me.facilities.find((it) => it.code === code)?.time_zone ?? me.facilities[0]?.time_zone ?? 'UTC'
  const today = http.now()
  const period: Period = {
    from: dayIn(zone, today - (days - 1) * 86_400_000),
    to: dayIn(zone, today),
    facility: code || undefined,
  }
  const { data, error, isFetching } = useQuery({
    ...oversightQueries(context).figures(period),
    placeholderData: keepPreviousData,
  })
  async function take() {
    setTaking(true)
    setProblem(null)
    try {
      save(await takenFrom(context).figures(period), 'figures.csv')
    } catch (failed) {
      setProblem(failed)
    } finally {
      setTaking(false)
    }
  }
  return (
    <Stack gap="lg">
      <PageHead
        title={t('oversight.figuresTitle')}
        lead={data && t('oversight.figuresLead', { when: whenExactly(data.at) })}
      />
      <div className={classes.tools}>
        <NativeSelect
          size="md"
          label={t('oversight.period')}
          value={days}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
          data={PERIODS.map((it) => ({ value: String(it), label: t(`oversight.days_${it}`) }))}
        />
        {choices.length > 1 && (
          <NativeSelect
            size="md"
            label={t('oversight.facility')}
            value={code}
            onChange={(event) => choose(event.currentTarget.value)}
            data={[
              { value: '', label: t('oversight.everywhere') },
              ...choices.map((it) => ({ value: it.code, label: it.name })),
            ]}
          />
        )}
        <Button variant="default" size="md" loading={taking} onClick={take}>
          {t('oversight.take')}
        </Button>
        {isFetching && <Busy label={t('oversight.counting')} />}
      </div>
      <ProblemNotice error={error ?? problem} />
      {data?.few && <Notice kind="info">{t('oversight.figuresFew')}</Notice>}
      {data && <Tiles figures={data} />}
      {may('chart.search') && (
        <NowTiles facilities={me.facilities.filter((it) => !code || it.code === code)} />
      )}
      {data &&
        PLOTS.filter((plot) => plot.table.some((it) => !data.hidden.includes(it))).map((plot) => {
          const { labels, series } = seriesOf(data, plot.bars, (key) => t(`oversight.m_${key}`))
          return (
            <Section
              key={plot.key}
              title={t(`oversight.plot_${plot.key}`)}
              lead={t(`oversight.lead_${plot.key}`)}
            >
              {series.some((it) => it.values.some((value) => value !== 0)) ? (
                <Plot title={t(`oversight.plot_${plot.key}`)} labels={labels} series={series} />
              ) : (
                <Text c="dimmed">{t('oversight.nothingCounted')}</Text>
              )}
              <FiguresTable figures={data} measures={plot.table} />
            </Section>
          )
        })}
    </Stack>
  )
}
