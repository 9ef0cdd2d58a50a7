import { Button, Checkbox, NativeSelect, Switch, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { Declined } from '@/api/errors'
import { type Family, type FieldApproval, familyIn, familyQueries, type Relative } from '@/api/family'
import { isConflict } from '@/api/fhir'
import { http } from '@/api/http'
import { ProblemNotice } from '@/app/ProblemNotice'
import { Nothing, Part } from '@/pages/chart/Part'
import { answersLetters } from '@/pages/chart/sections'
import { useChart } from '@/pages/chart/useChart'
import './texts'
import { onDay } from '@/texts/zone'
import { Busy } from '@/ui/Busy'
import { Chip } from '@/ui/Chip'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import classes from './Family.module.css'
import { HomeView } from './HomeView'
import { TeamLetters } from './Letters'

type Category = Family['categories'][number]
/** When what is approved from now on ends; `kept`: when it would have. */
type Ends = 'never' | 'day' | 'week' | 'month' | 'kept'

const DAY = 86_400_000
const DAYS: Record<Exclude<Ends, 'never' | 'kept'>, number> = { day: 1, week: 7, month: 30 }

/** Who of the family sees what, said by whoever may say it; and what is written to and fro. */
export function FamilyPart() {
  const { t } = useTranslation()
  const { context, me, id, zone, may } = useChart()
  const { data: types } = useSuspenseQuery(chartQueries(context).types())
  return (
    <Part
      title={t('family.title')}
      actions={
        may('people.invite') && (
          <Button
            variant="default"
            renderRoot={(props) => <Link to="/c/$context/people/invite" params={{ context }} {...props} />}
          >
            {t('family.invite')}
          </Button>
        )
      }
    >
      {answersLetters(me, types) && <TeamLetters patient={id} zone={zone} />}
      {may('sharing.approve') && <Approvals />}
    </Part>
  )
}

function Approvals() {
  const { t } = useTranslation()
  const { context, id } = useChart()
  const { data: family, error } = useQuery(familyQueries(context).list(id))
  const heading = useId()
  const params = { context, patient: id }
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <h3 id={heading} className={classes.sectionTitle}>
        {t('family.sees')}
      </h3>
      <Text c="dimmed">{t('family.lead')}</Text>
      <ProblemNotice error={error} />
      {!family && !error && <Busy label={t('family.looking')} />}
      {family?.relatives.length === 0 && (
        <Nothing>
          {t('family.nobody')} {t('family.how')}{' '}
          <Link to="/c/$context/patients/$patient/$section" params={{ ...params, section: 'relationships' }}>
            {t('family.linked')}
          </Link>
        </Nothing>
      )}
      <div className={classes.relatives}>
        {family?.relatives.map((it) => (
          <RelativeCard key={it.membership} relative={it} categories={family.categories} />
        ))}
      </div>
    </section>
  )
}

/** What is decided is shown as the server answered it; what somebody else decided first is looked at again. */
function useDecisions(relative: Relative) {
  const { context, id } = useChart()
  const cache = useQueryClient()
  const { queryKey } = familyQueries(context).list(id)
  const look = () => cache.invalidateQueries({ queryKey })
  const decide = useMutation({
    mutationFn: ({ category, fields, until }: { category: string; fields: string[]; until: string | null }) =>
      familyIn(context).decide(id, relative, category, { fields, until }),
    onSuccess: (family) => cache.setQueryData(queryKey, family),
    onError: look,
  })
  const withdraw = useMutation({
    mutationFn: () => familyIn(context).withdraw(id, relative.membership),
    onSettled: look,
  })
  return { decide, withdraw }
}

function RelativeCard({ relative, categories }: { relative: Relative; categories: Category[] }) {
  const { t } = useTranslation()
  const { zone } = useChart()
  const heading = useId()
  const { decide, withdraw } = useDecisions(relative)
  const [looking, setLooking] = useState(false)
  const { name } = relative
  const error = decide.error ?? withdraw.error
  return (
    <section className={classes.card} aria-labelledby={heading}>
      <div className={classes.cardHead}>
        <h4 id={heading}>{name}</h4>
        <Chip kind={relative.state === 'active' ? 'good' : 'warn'}>
          {t(`family.state_${relative.state}`)}
        </Chip>
        <div className={classes.acts}>
          <Button variant="default" size="sm" onClick={() => setLooking(true)}>
            {t('family.preview', { name })}
          </Button>
          {(relative.approved.length > 0 || relative.other.length > 0) && (
            <Button
              variant="light"
              color="red"
              size="sm"
              loading={withdraw.isPending}
              aria-label={t('family.withdrawAllOf', { name })}
              onClick={() => withdraw.mutate()}
            >
              {t('family.withdrawAll')}
            </Button>
          )}
        </div>
      </div>
      <Text size="sm" c="dimmed">
        {[
          relative.role,
          relative.since && t('family.since', { day: onDay(relative.since, zone) }),
          relative.until && t('family.until', { day: onDay(relative.until, zone) }),
          ...relative.waits_for.map((whom) =>
            t(whom === 'patient' ? 'family.waits_patient' : 'family.waits_member'),
          ),
        ]
          .filter(Boolean)
          .join(' · ')}
      </Text>
      {error &&
        !(error instanceof Declined) &&
        (isConflict(error) ? (
          <Notice kind="warn">{t('family.faster')}</Notice>
        ) : (
          <ProblemNotice error={error} />
        ))}
      {withdraw.isSuccess && relative.approved.length === 0 && (
        <Notice kind="good">{t('family.withdrawn', { name })}</Notice>
      )}
      <ul className={classes.categories}>
        {categories.map((it) => (
          <CategoryRow
            key={it.category}
            category={it}
            name={name}
            approved={relative.approved.filter((one) => one.category === it.category)}
            busy={decide.isPending || withdraw.isPending}
            waiting={
              decide.isPending && decide.variables.category === it.category ? decide.variables.fields : null
            }
            onDecide={(fields, until) => decide.mutate({ category: it.category, fields, until })}
          />
        ))}
      </ul>
      {relative.other.length > 0 && (
        <Text size="sm">{t('family.other', { paths: relative.other.join(', ') })}</Text>
      )}
      {looking && <PreviewDialog relative={relative} onClose={() => setLooking(false)} />}
    </section>
  )
}

interface RowProps {
  category: Category
  name: string
  approved: FieldApproval[]
  busy: boolean
  /** What is asked for and not answered yet: shown at once. */
  waiting: string[] | null
  onDecide(fields: string[], until: string | null): void
}

function CategoryRow({ category, name, approved, busy, waiting, onDecide }: RowProps) {
  const { t } = useTranslation()
  const { zone } = useChart()
  const [open, setOpen] = useState(false)
  const [ends, setEnds] = useState<Ends | null>(null)
  const region = useId()
  const words = t(`family.category_${category.category as 'person'}`)
  const shared = waiting ?? approved.map((it) => it.field)
  const until = approved.map((it) => it.until).find((it) => it !== null) ?? null
  const chosen: Ends = ends ?? (until ? 'kept' : 'never')
  const endOf = (which: Ends): string | null => {
    if (which === 'never') return null
    return which === 'kept' ? until : new Date(http.now() + DAYS[which] * DAY).toISOString()
  }
  // One decision after the other; what is asked for is shown at once, and nothing loses the focus.
  const decide = (fields: string[], which: Ends = chosen) => {
    if (!busy) onDecide(fields, fields.length > 0 ? endOf(which) : null)
  }
  const all = category.fields
  const latest = approved.toSorted((a, b) => b.since.localeCompare(a.since))[0]
  const summary =
    shared.length === 0
      ? t('family.seesNothing')
      : shared.length === all.length
        ? t('family.seesAll')
        : t('family.seesSome', { count: shared.length, all: all.length })
  return (
    <li className={classes.category}>
      <div className={classes.row}>
        <div className={classes.words}>
          <span className={classes.label}>{words}</span>
          <Text size="sm" c="dimmed" component="span">
            {[summary, until && shared.length > 0 && t('family.until', { day: onDay(until, zone) })]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        <Button
          variant="subtle"
          size="sm"
          aria-expanded={open}
          aria-controls={region}
          aria-label={t('family.fields', { category: words })}
          onClick={() => setOpen(!open)}
        >
          {t('family.choose')}
        </Button>
        <Switch
          size="md"
          aria-label={t('family.shareAll', { category: words, name })}
          checked={shared.length > 0}
          onChange={(event) => decide(event.currentTarget.checked ? all : [])}
        />
      </div>
      <div id={region} hidden={!open}>
        {open && (
          <div className={classes.fields}>
            {all.map((field) => (
              <Checkbox
                key={field}
                label={t(`family.field_${category.category}_${field}` as 'family.field_person_name')}
                checked={shared.includes(field)}
                onChange={(event) =>
                  decide(
                    event.currentTarget.checked ? [...shared, field] : shared.filter((one) => one !== field),
                  )
                }
              />
            ))}
            <div className={classes.ends}>
              <NativeSelect
                label={t('family.ends')}
                aria-label={t('family.endsOf', { category: words })}
                value={chosen}
                data={[
                  { value: 'never', label: t('family.ends_never') },
                  { value: 'day', label: t('family.ends_day') },
                  { value: 'week', label: t('family.ends_week') },
                  { value: 'month', label: t('family.ends_month') },
                  ...(until
                    ? [{ value: 'kept', label: t('family.ends_kept', { day: onDay(until, zone) }) }]
                    : []),
                ]}
                onChange={(event) => {
                  const which = event.currentTarget.value as Ends
                  setEnds(which === 'kept' ? null : which)
                  if (shared.length > 0) decide(shared, which)
                }}
              />
            </div>
            {latest && (
              <Text size="sm" c="dimmed">
                {t('family.approvedBy', { who: latest.by, day: onDay(latest.since, zone) })}
              </Text>
            )}
          </div>
        )}
      </div>
    </li>
  )
}

function PreviewDialog({ relative, onClose }: { relative: Relative; onClose(): void }) {
  const { t } = useTranslation()
  const { context, id, zone } = useChart()
  const { data, error } = useQuery(familyQueries(context).preview(id, relative.membership))
  return (
    <Dialog title={t('family.previewTitle', { name: relative.name })} onClose={onClose} wide="page">
      <Text c="dimmed">{t('family.previewLead')}</Text>
      <ProblemNotice error={error} />
      {!data && !error && <Busy label={t('family.looking')} />}
      {data && <HomeView home={data} zone={zone} />}
    </Dialog>
  )
}
